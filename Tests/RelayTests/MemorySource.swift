// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import IntegrationEvents
import Logging
import OutboxMapping
import PostgresWire
import Synchronization
import TestStream

@testable import Relay

/// What a source was told, and how often it was opened.
final class Journal: Sendable {
  struct Entry: Sendable {
    var wholeTransactions: [Bool] = []
    var statuses: [StandbyStatus] = []
    var finished = 0
    var drained = 0
  }

  private let entry = Mutex(Entry())

  var content: Entry { entry.withLock { $0 } }
  func note(_ change: (inout Entry) -> Void) { entry.withLock { change(&$0) } }
}

/// A source that has all its frames at once.
struct MemorySource: FrameSource {
  var identity = StreamIdentity(
    systemIdentifier: "1", timeline: 1, database: "shop", slot: "slot", publication: "publication")
  var flushLSN = LSN(rawValue: .max)
  var confirmedLSN: LSN?
  var isStandby = false
  var catalogue: (any TableCatalogue)?
  var descriptor: PollDescriptor? { nil }
  var heartbeat: Duration? = .milliseconds(50)
  var frames: [[UInt8]]
  /// What comes after the frames.
  var failure: Failure?
  /// Says once that there is nothing more before it fails.
  var drainsFirst = false
  var ends = true
  /// Where the server says that it is, when it is asked after everything has been received.
  var position: UInt64?
  let journal: Journal
  private var next = 0

  init(_ messages: [[UInt8]], failure: Failure? = nil, journal: Journal = Journal()) {
    frames = messages.map { HandBuilt.frame($0) }
    self.failure = failure
    self.journal = journal
  }

  mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    while next < frames.count {
      let frame = frames[next]
      next += 1
      if visit(frame.span.bytes) == .enough { return .paused }
    }
    if let failure, !drainsFirst { throw failure }
    drainsFirst = false
    journal.note { $0.drained += 1 }
    return ends ? .ended : .drained(until: position == nil ? nil : .now + .milliseconds(10))
  }

  mutating func send(_ status: StandbyStatus) throws(Failure) {
    journal.note { $0.statuses.append(status) }
    if let position, status.replyRequested, journal.content.drained > 0 { frames.append(HandBuilt.keepalive(position)) }
  }
  mutating func finish() throws(Failure) { journal.note { $0.finished += 1 } }
}

/// A sink that keeps what it gets.
final class MemorySink: Sink {
  struct State: Sendable {
    var delivered: [String] = []
    var bytesInFlight = 0
    var mostBytesInFlight = 0
    var batchesInFlight = 0
    var mostBatchesInFlight = 0
    var closed = 0
    var recorded: [LSN] = []
    var batches = 0
    var reopened = 0
  }

  let resumePosition: EventPosition?
  let confirmed: Confirmation?
  let window: DeliveryWindow
  private let delay: Duration?
  private let failsAtBatch: Int?
  private let failure: Failure
  private let open = OpenBatches()
  private let state = Mutex(State())

  init(
    resumePosition: EventPosition? = nil, confirmed: LSN? = nil, bytes: Int = 1 << 20, batches: Int = 100,
    delay: Duration? = nil,
    failsAtBatch: Int? = nil, failure: Failure = Failure(.writeFailed, "full")
  ) {
    self.resumePosition = resumePosition
    self.confirmed = confirmed.map { Confirmation(lsn: $0) }
    window = DeliveryWindow(bytes: bytes, batches: batches)
    self.delay = delay
    self.failsAtBatch = failsAtBatch
    self.failure = failure
  }

  var content: State { state.withLock { $0 } }

  func record(confirmed: Confirmation) throws(Failure) { state.withLock { $0.recorded.append(confirmed.lsn) } }

  /// Without a delay the answer comes from inside.
  func submit(_ batch: EventBatch, done: @escaping Done) {
    guard let ticket = open.open(done) else { return }
    let number = state.withLock { state in
      state.batches += 1
      state.batchesInFlight += 1
      state.bytesInFlight += batch.bytes.count
      state.mostBatchesInFlight = max(state.mostBatchesInFlight, state.batchesInFlight)
      state.mostBytesInFlight = max(state.mostBytesInFlight, state.bytesInFlight)
      return state.batches
    }
    guard let delay else { return take(batch, number, ticket) }
    Task {
      try? await Task.sleep(for: delay)
      take(batch, number, ticket)
    }
  }

  private func take(_ batch: EventBatch, _ number: Int, _ ticket: Int) {
    state.withLock { state in
      state.batchesInFlight -= 1
      state.bytesInFlight -= batch.bytes.count
      if failsAtBatch.map({ number < $0 }) ?? true { state.delivered += batch.summary }
    }
    if let failsAtBatch, number >= failsAtBatch { open.fail(failure) } else { open.finish(ticket) }
  }

  func close() {
    state.withLock { $0.closed += 1 }
    open.fail(.closed)
  }

  func reopen() { state.withLock { $0.reopened += 1 } }
}

/// Runs a relay to its end.
func run(
  _ change: @escaping @Sendable (inout RelayConfiguration) -> Void = { _ in },
  sink makeSink: @autoclosure @escaping @Sendable () -> any Sink,
  control: RunControl = RunControl(), board: StatusBoard = StatusBoard(), lines: LogLines = LogLines(),
  open: @escaping @Sendable (Relay.Request) throws(Failure) -> MemorySource
) async -> Result<RelayOutcome, Failure> {
  var configuration = RelayConfiguration(mapping: OutboxStream.configuration)
  change(&configuration)
  let log = Logger(label: "test", factory: { _ in lines })
  let relay = Relay(configuration, control: control, board: board, log: log)
  do throws(Failure) {
    return .success(try await relay.run(open: open, sink: { (_) throws(Failure) in makeSink() }))
  } catch {
    return .failure(error)
  }
}
