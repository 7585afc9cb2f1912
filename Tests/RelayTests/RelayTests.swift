// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import OutboxMapping
import PgOutput
import PostgresWire
import Synchronization
import TestStream
import Testing

@testable import Relay

@Suite struct RelayTests {
  private static let messages =
    OutboxStream.transaction(0x10, "a", "b") + OutboxStream.transaction(0x20, "c") + OutboxStream.transaction(0x30, "d")

  private static let lost = Failure(.connection, "connection lost")

  @Test func `everything is delivered and the last commit's end confirmed`() async throws {
    let sink = MemorySink()
    let journal = Journal()
    let outcome = try await run(sink: sink) { (_) in MemorySource(Self.messages, journal: journal) }.get()
    #expect(outcome == RelayOutcome(reason: .ended, events: 4, flushed: LSN(rawValue: 0x38)))
    #expect(sink.content.delivered == ["a@10-1", "b@10-2", "c@20-1", "d@30-1"])
    #expect(journal.content.statuses.last?.flush == LSN(rawValue: 0x38))
    #expect(journal.content.finished == 1)
  }

  @Test func `confirmed positions never go back`() async throws {
    let journal = Journal()
    var messages: [[UInt8]] = []
    for number in 1...300 as ClosedRange<UInt64> {
      messages += OutboxStream.transaction(number << 8, "a", payload: String(repeating: "x", count: 20_000))
    }
    let all = messages
    _ = try await run(sink: MemorySink(bytes: 400_000, delay: .milliseconds(1))) { (_) in
      var source = MemorySource(all, journal: journal)
      source.heartbeat = .milliseconds(1)
      return source
    }.get()
    let flushes = journal.content.statuses.map(\.flush)
    #expect(flushes == flushes.sorted())
    #expect(flushes.count > 3)
    #expect(journal.content.statuses.allSatisfy { $0.write >= $0.flush })
  }

  @Test func `a resume position in the sink spares what it has`() async throws {
    let sink = MemorySink(resumePosition: EventPosition(commitLSN: 0x10, ordinal: 1))
    let outcome = try await run(sink: sink) { (_) in MemorySource(Self.messages) }.get()
    #expect(sink.content.delivered == ["b@10-2", "c@20-1", "d@30-1"])
    #expect(outcome.flushed == LSN(rawValue: 0x38))
  }

  @Test func `until stops behind the position`() async throws {
    let sink = MemorySink()
    let outcome = try await run({ $0.end = .lsn(LSN(rawValue: 0x20)) }, sink: sink) { (_) in
      var source = MemorySource(Self.messages)
      source.ends = false
      return source
    }.get()
    #expect(outcome == RelayOutcome(reason: .ended, events: 3, flushed: LSN(rawValue: 0x28)))
  }

  @Test func `an end behind the last event is asked for as soon as everything has come`() async throws {
    let journal = Journal()
    let outcome = try await run({ $0.end = .lsn(LSN(rawValue: 0x90)) }, sink: MemorySink()) { (_) in
      var source = MemorySource(Self.messages, journal: journal)
      source.ends = false
      source.heartbeat = .seconds(10)
      source.position = 0xA0
      return source
    }.get()
    #expect(outcome.reason == .ended)
    // The source is looked at every 10 ms; a server that is not there yet is left in peace for a second, so for a hundred.
    #expect(journal.content.drained < 50)
  }

  @Test func `now is what was in the log when the stream was opened`() async throws {
    let sink = MemorySink()
    let outcome = try await run({ $0.end = .now }, sink: sink) { (_) in
      var source = MemorySource(Self.messages)
      source.flushLSN = LSN(rawValue: 0x28)
      source.ends = false
      return source
    }.get()
    #expect(outcome.events == 3)
  }

  @Test func `a sink that fails ends the relay, and what it did not take is not confirmed`() async {
    let journal = Journal()
    let payload = String(repeating: "x", count: 300_000)
    let messages = (1...5 as ClosedRange<UInt64>).flatMap { OutboxStream.transaction($0 << 8, "a", payload: payload) }
    let sink = MemorySink(delay: .milliseconds(5), failsAtBatch: 3)
    let result = await run(sink: sink) { (_) in MemorySource(messages, journal: journal) }
    guard case .failure(let error) = result else {
      Issue.record("no failure")
      return
    }
    #expect(error.kind == .writeFailed)
    #expect(error.description == "full")
    #expect(error.place.slot == "slot" && error.place.publication == "publication", "it tells which stream it was")
    // Batches that are under way at once may end in any order.
    #expect(sink.content.delivered.sorted() == ["a@100-1", "a@200-1"])
    #expect(journal.content.statuses.map(\.flush).max() ?? .zero <= LSN(rawValue: 0x208))
    #expect(journal.content.finished == 1)
  }

  @Test func `a failure of the sink is none of the stream, whatever its kind`() async {
    for kind in [FailureKind.connection, .outputHeld] {
      let opened = Atomic(0)
      let result = await run(sink: MemorySink(failsAtBatch: 1, failure: Failure(kind, "broker away"))) { (_) in
        opened.add(1, ordering: .relaxed)
        return MemorySource(Self.messages)
      }
      guard case .failure(let failure) = result else {
        Issue.record("no failure")
        continue
      }
      #expect(failure.kind == kind)
      #expect(opened.load(ordering: .relaxed) == 1, "nothing is tried again")
    }
  }

  @Test func `a failure that comes while something is handed over ends the relay at once`() async {
    let start = ContinuousClock.now
    let result = await run(sink: MemorySink(failsAtBatch: 1)) { (_) in
      var source = MemorySource(Self.messages)
      (source.ends, source.heartbeat) = (false, .seconds(900))
      return source
    }
    #expect((try? result.get()) == nil)
    // All other tests may come in between.
    #expect(ContinuousClock.now - start < .seconds(300), "it did not wait for the heartbeat")
  }

  @Test func `a stop soon after a reconnect delivers no half transaction`() async throws {
    let journal = Journal()
    let control = RunControl()
    let sink = MemorySink()
    async let result = run(sink: sink, control: control) { (request) in
      let half = OutboxStream.transaction(0x10, "a") + [HandBuilt.begin(0x20), OutboxStream.row("b")]
      var source = MemorySource(
        request.isFirst ? half : [], failure: request.isFirst ? Self.lost : nil,
        journal: request.isFirst ? Journal() : journal)
      source.ends = false
      if !request.isFirst { source.frames = [HandBuilt.keepalive(0x18)] }
      return source
    }
    while journal.content.drained == 0 { try await Task.sleep(for: .milliseconds(1)) }
    try await Task.sleep(for: .milliseconds(20))
    control.stop()
    _ = try await result.get()
    #expect(sink.content.delivered == ["a@10-1"])
  }

  @Test func `a reader that has gone is a clean end`() async throws {
    let sink = MemorySink(failsAtBatch: 1, failure: Failure(.readerGone, "gone"))
    let outcome = try await run(sink: sink) { (_) in MemorySource(Self.messages) }.get()
    #expect(outcome.reason == .readerGone)
    #expect(outcome.flushed == .zero)
  }

  @Test func `a slow sink bounds the bytes in flight`() async throws {
    let payload = String(repeating: "x", count: 50_000)
    let messages = (1...100 as ClosedRange<UInt64>).flatMap { OutboxStream.transaction($0 << 8, "a", payload: payload) }
    let sink = MemorySink(bytes: 1_000_000, delay: .milliseconds(50))
    let outcome = try await run(sink: sink) { (_) in
      MemorySource(messages)
    }.get()
    #expect(outcome.events == 100)
    #expect(sink.content.delivered.count == 100)
    let most = sink.content.mostBytesInFlight
    #expect(most <= 1_000_000 + Pipeline.batchSize + 60_000)
    #expect(most > 1_000_000, "several batches were under way at once")
  }

  @Test(arguments: [1, 3])
  func `a window of batches holds the relay back, and the sink is closed once at the end`(batches: Int) async throws {
    let payload = String(repeating: "x", count: 50_000)
    let messages = (1...60 as ClosedRange<UInt64>).flatMap { OutboxStream.transaction($0 << 8, "a", payload: payload) }
    let sink = MemorySink(bytes: .max, batches: batches, delay: .milliseconds(2))
    let outcome = try await run(sink: sink) { (_) in MemorySource(messages) }.get()
    #expect(outcome.events == 60)
    #expect(sink.content.delivered.count == 60)
    #expect(sink.content.mostBatchesInFlight == batches)
    #expect(sink.content.closed == 1)
  }

  @Test func `a batch that is said to be done twice is done once`() async throws {
    final class Careless: Sink {
      let ids = Mutex<[String]>([])
      func submit(_ batch: EventBatch, done: @escaping Done) {
        ids.withLock { $0 += batch.summary }
        done(nil)
        done(nil)
      }
      func close() {}
    }
    let sink = Careless()
    let outcome = try await run(sink: sink) { (_) in MemorySource(Self.messages) }.get()
    #expect(outcome == RelayOutcome(reason: .ended, events: 4, flushed: LSN(rawValue: 0x38)))
    #expect(sink.ids.withLock(\.count) == 4)
  }

  @Test func `the status tells how things stand`() async throws {
    let board = StatusBoard()
    #expect(board.current.phase == .connecting)
    _ = try await run(sink: MemorySink(), board: board) { (_) in MemorySource(Self.messages) }.get()
    let status = board.current
    #expect(status.phase == .ended)
    #expect(status.identity?.slot == "slot")
    #expect(status.encodedEvents == 4 && status.deliveredEvents == 4)
    #expect(status.confirmed == LSN(rawValue: 0x38))
    #expect(status.batchesInFlight == 0 && status.bytesInFlight == 0)
  }

  @Test func `cancelling the task is an orderly end`() async throws {
    let journal = Journal()
    let task = Task {
      await run(sink: MemorySink()) { (_) in
        var source = MemorySource(Self.messages, journal: journal)
        source.ends = false
        return source
      }
    }
    while journal.content.drained == 0 { try await Task.sleep(for: .milliseconds(1)) }
    task.cancel()
    #expect(try await task.value.get().reason == .stopped)
    #expect(journal.content.statuses.last?.flush == LSN(rawValue: 0x38))
  }

  @Test func `while the sink is slow the server still hears from us`() async throws {
    let journal = Journal()
    let payload = String(repeating: "x", count: 300_000)
    let messages = (1...4 as ClosedRange<UInt64>).flatMap { OutboxStream.transaction($0 << 8, "a", payload: payload) }
    _ = try await run(sink: MemorySink(bytes: 1, delay: .milliseconds(60))) { (_) in
      var source = MemorySource(messages, journal: journal)
      source.heartbeat = .milliseconds(10)
      return source
    }.get()
    #expect(journal.content.statuses.count >= 8)
  }

  @Test func `a lost connection in mid-transaction costs and doubles nothing`() async throws {
    let journal = Journal()
    let sink = MemorySink()
    let large = String(repeating: "x", count: Pipeline.batchSize)
    let whole =
      OutboxStream.transaction(0x10, "a") + [HandBuilt.begin(0x20)]
      + ["b", "c", "d"].map { OutboxStream.row($0, payload: large) }
      + [HandBuilt.commit(0x20, end: 0x28)] + OutboxStream.transaction(0x30, "e")
    let outcome = try await run(sink: sink) { (request) in
      guard request.isFirst else {
        // The tables are described again before their first row.
        return MemorySource([OutboxStream.relation()] + whole, journal: journal)
      }
      return MemorySource(Array(whole.prefix(6)), failure: Self.lost, journal: journal)
    }.get()
    #expect(sink.content.delivered == ["a@10-1", "b@20-1", "c@20-2", "d@20-3", "e@30-1"])
    #expect(outcome.flushed == LSN(rawValue: 0x38))
  }

  @Test func `failing to connect is tried again`() async throws {
    let attempts = Atomic(0)
    let sink = MemorySink()
    let outcome = try await run(sink: sink) { (request) throws(Failure) in
      #expect(request.isFirst)
      guard attempts.wrappingAdd(1, ordering: .relaxed).newValue > 2 else { throw Self.lost }
      return MemorySource(Self.messages)
    }.get()
    #expect(outcome.events == 4)
    #expect(attempts.load(ordering: .relaxed) == 3)
  }

  @Test func `an error that cannot heal is not retried`() async {
    let fatal = Failure(.slotMissing, "no such slot")
    let attempts = Atomic(0)
    let result = await run(sink: MemorySink()) { (_) throws(Failure) in
      attempts.add(1, ordering: .relaxed)
      throw fatal
    }
    #expect(result == .failure(fatal))
    #expect(attempts.load(ordering: .relaxed) == 1)
  }

  @Test func `without retries no error is retried`() async {
    let result = await run({ $0.retries = false }, sink: MemorySink()) { (_) in
      MemorySource(Self.messages, failure: Self.lost)
    }
    guard case .failure(let failure) = result else {
      Issue.record("no failure")
      return
    }
    #expect(failure.kind == .connection && failure.description == Self.lost.description)
  }

  @Test func `another cluster after a reconnect is refused`() async {
    let result = await run(sink: MemorySink()) { (request) in
      var source = MemorySource(Self.messages, failure: request.isFirst ? Self.lost : nil)
      if !request.isFirst { source.identity.systemIdentifier = "2" }
      return source
    }
    guard case .failure(let error) = result else {
      Issue.record("not refused")
      return
    }
    #expect(error.kind == .wrongStream)
    #expect("\(error)".contains("system 2"))
  }

  @Test func `a bad row ends the relay after what was complete is delivered and confirmed`() async {
    let journal = Journal()
    let sink = MemorySink()
    let messages =
      OutboxStream.transaction(0x10, "a") + [HandBuilt.begin(0x20), OutboxStream.row("b"), OutboxStream.row("")]
    let result = await run(sink: sink) { (_) in MemorySource(messages, journal: journal) }
    guard case .failure(let error) = result else {
      Issue.record("no error of the outbox")
      return
    }
    #expect(error.kind == .row)
    #expect("\(error)".contains("column id"))
    #expect(sink.content.delivered == ["a@10-1"])
    #expect(journal.content.statuses.last?.flush == LSN(rawValue: 0x18))
  }

  @Test func `a stop delivers and confirms what is complete`() async throws {
    let journal = Journal()
    let sink = MemorySink()
    let control = RunControl()
    async let result = run(sink: sink, control: control) { (_) in
      var source = MemorySource(
        OutboxStream.transaction(0x10, "a") + [HandBuilt.begin(0x20), OutboxStream.row("b")], journal: journal)
      source.ends = false
      return source
    }
    while journal.content.drained == 0 { try await Task.sleep(for: .milliseconds(1)) }
    control.reopen()
    while sink.content.reopened == 0 { try await Task.sleep(for: .milliseconds(1)) }
    control.stop()
    let outcome = try await result.get()
    #expect(outcome.reason == .stopped)
    #expect(outcome.flushed == LSN(rawValue: 0x18))
    #expect(journal.content.statuses.last?.flush == LSN(rawValue: 0x18))
    #expect(journal.content.finished == 1)
  }

  @Test func `a stop behind a batch that is full has confirmed every event that was delivered`() async throws {
    /// Wants no more than the first batch.
    final class Content: Sink {
      let control = RunControl()
      let taken = Mutex<[UInt64]>([])
      func submit(_ batch: EventBatch, done: @escaping Done) {
        taken.withLock { $0 += batch.events.map(\.position.commitLSN) }
        control.stop()
        done(nil)
      }
      func close() {}
    }
    let payload = String(repeating: "x", count: 20_000)
    let all = (1...50 as ClosedRange<UInt64>).flatMap { OutboxStream.transaction($0 << 8, "a", payload: payload) }
    let sink = Content()
    let outcome = try await run(sink: sink, control: sink.control) { (_) in MemorySource(all) }.get()
    let taken = sink.taken.withLock { $0 }
    #expect(outcome.reason == .stopped && taken.count > 5 && taken.count < 50)
    #expect(outcome.flushed.rawValue == taken.last.map { $0 + 8 })
  }

  @Test func `with nothing to deliver the server's position is confirmed`() async throws {
    let journal = Journal()
    let control = RunControl()
    async let result = run(sink: MemorySink(), control: control) { (_) in
      var source = MemorySource([], journal: journal)
      source.frames = [HandBuilt.keepalive(0x500, replyRequested: true)]
      source.ends = false
      return source
    }
    while journal.content.statuses.last?.flush != LSN(rawValue: 0x500) { try await Task.sleep(for: .milliseconds(1)) }
    control.stop()
    #expect(try await result.get().flushed == LSN(rawValue: 0x500))
  }
}
