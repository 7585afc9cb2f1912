// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Logging
import PostgresWire
import Synchronization
import TestStream
import Testing

@testable import Relay

/// Positions of ours against positions of the server, at the first connect and at later ones.
@Suite struct PositionLedgerTests {
  private static let messages =
    OutboxStream.transaction(0x10, "a", "b") + OutboxStream.transaction(0x20, "c") + OutboxStream.transaction(0x30, "d")
  private static let lost = Failure(.connection, "connection lost")

  private func kind(_ result: Result<RelayOutcome, Failure>) -> FailureKind? {
    if case .failure(let failure) = result { failure.kind } else { nil }
  }

  @Test func `a server that was set back is refused, whatever tells of it`() async throws {
    let directory = try TemporaryDirectory()
    var checkpoint = try Checkpoint(path: directory.file("checkpoint"))
    let identity = MemorySource([]).identity
    try checkpoint.write(Confirmation(lsn: LSN(rawValue: 0x100)), OutboxTables(), of: identity)
    let path = directory.file("checkpoint")
    let byCheckpoint = await run({ $0.checkpoint = path }, sink: MemorySink()) { (_) in
      var source = MemorySource(Self.messages)
      source.flushLSN = LSN(rawValue: 0xFF)
      return source
    }
    #expect(kind(byCheckpoint) == .serverRewound)
    for sink in [
      MemorySink(resumePosition: .init(commitLSN: 0x100, ordinal: 1)), MemorySink(confirmed: LSN(rawValue: 0x100)),
    ] {
      let result = await run(sink: sink) { (_) in
        var source = MemorySource(Self.messages)
        source.flushLSN = LSN(rawValue: 0xFF)
        return source
      }
      #expect(kind(result) == .serverRewound)
      #expect(sink.content.delivered.isEmpty)
      #expect(sink.content.closed == 1)
    }
  }

  @Test func `a server that was set back while the connection was lost is refused`() async {
    let sink = MemorySink()
    let result = await run(sink: sink) { (request) in
      guard !request.isFirst else { return MemorySource(Self.messages, failure: Self.lost) }
      var source = MemorySource(OutboxStream.transaction(0x18, "x"))
      source.flushLSN = LSN(rawValue: 0x20)
      return source
    }
    #expect(kind(result) == .serverRewound)
  }

  @Test(arguments: [false, true])
  func `a slot that is ahead of our record is a gap, which can be accepted`(isAccepted: Bool) async throws {
    let sink = MemorySink(confirmed: LSN(rawValue: 0x18))
    let result = await run({ $0.acceptsGap = isAccepted }, sink: sink) { (_) in
      var source = MemorySource(OutboxStream.transaction(0x40, "e"))
      source.confirmedLSN = LSN(rawValue: 0x38)
      return source
    }
    guard !isAccepted else {
      #expect(try result.get().flushed == LSN(rawValue: 0x48))
      return
    }
    guard case .failure(let failure) = result else {
      Issue.record("not refused")
      return
    }
    #expect(failure.kind == .gap)
    #expect(failure.description.contains("0/38") && failure.description.contains("0/18"), "both positions")
    #expect(failure.advice?.parts.contains(.setting(.init("accept-gap"))) == true)
  }

  @Test func `a slot that is behind our record, or level with it, is none`() async throws {
    for confirmed in [0x10, 0x18] as [UInt64] {
      let sink = MemorySink(confirmed: LSN(rawValue: 0x18))
      let outcome = try await run(sink: sink) { (_) in
        var source = MemorySource(Self.messages)
        source.confirmedLSN = LSN(rawValue: confirmed)
        return source
      }.get()
      #expect(outcome.flushed == LSN(rawValue: 0x38))
    }
  }

  @Test func `a slot that somebody moved while the connection was lost is a gap`() async {
    let result = await run(sink: MemorySink()) { (request) in
      var source = MemorySource(request.isFirst ? Self.messages : [], failure: request.isFirst ? Self.lost : nil)
      source.confirmedLSN = request.isFirst ? LSN(rawValue: 0x8) : LSN(rawValue: 0x90)
      return source
    }
    #expect(kind(result) == .gap)
  }

  @Test func `the sink's record is made before the server is told`() async throws {
    let journal = Journal()
    let sink = MemorySink()
    _ = try await run(sink: sink) { (_) in MemorySource(Self.messages, journal: journal) }.get()
    #expect(sink.content.recorded.last == LSN(rawValue: 0x38))
    let told = Set(journal.content.statuses.map(\.flush)).subtracting([.zero])
    #expect(told.isSubset(of: Set(sink.content.recorded)))
  }

  @Test func `what a checkpoint has is not delivered again although the slot went back`() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("checkpoint")
    var checkpoint = try Checkpoint(path: path)
    let newest = CommitMark(lsn: LSN(rawValue: 0x20), time: PostgresTimestamp(rawValue: 0))
    try checkpoint.write(
      Confirmation(lsn: LSN(rawValue: 0x28), commit: newest), OutboxTables(), of: MemorySource([]).identity)
    let sink = MemorySink()
    let journal = Journal()
    let outcome = try await run({ $0.checkpoint = path }, sink: sink) { (_) in
      var source = MemorySource(Self.messages, journal: journal)
      source.confirmedLSN = LSN(rawValue: 0x18)
      return source
    }.get()
    #expect(sink.content.delivered == ["d@30-1"])
    #expect(outcome.flushed == LSN(rawValue: 0x38))
    #expect(journal.content.statuses.allSatisfy { $0.flush >= LSN(rawValue: 0x18) }, "it never goes back")
    #expect(try Checkpoint(path: path).resume?.lsn == LSN(rawValue: 0x38))
  }

  @Test func `what a sink that is older than the checkpoint does not hold is delivered`() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("checkpoint")
    var checkpoint = try Checkpoint(path: path)
    let newest = CommitMark(lsn: LSN(rawValue: 0x30), time: PostgresTimestamp(rawValue: 0))
    try checkpoint.write(
      Confirmation(lsn: LSN(rawValue: 0x38), commit: newest), OutboxTables(), of: MemorySource([]).identity)
    let sink = MemorySink(resumePosition: .init(commitLSN: 0x10, ordinal: 2), confirmed: LSN(rawValue: 0x18))
    _ = try await run({ $0.checkpoint = path }, sink: sink) { (_) in
      var source = MemorySource(Self.messages)
      source.confirmedLSN = LSN(rawValue: 0x18)
      return source
    }.get()
    #expect(sink.content.delivered == ["c@20-1", "d@30-1"])
  }

  @Test func `through another publication nothing is taken for delivered that cannot be known again`() async throws {
    let newest = CommitMark(lsn: LSN(rawValue: 0x20), time: PostgresTimestamp(rawValue: 0))
    let record = Confirmation(lsn: LSN(rawValue: 0x28), commit: newest, publication: "before")
    func start(
      with messages: [[UInt8]], accepting: Bool = false
    ) async throws -> (result: Result<RelayOutcome, Failure>, delivered: [String], lines: [String]) {
      let directory = try TemporaryDirectory()
      let path = directory.file("checkpoint")
      var checkpoint = try Checkpoint(path: path)
      try checkpoint.write(record, OutboxTables(), of: MemorySource([]).identity)
      let (sink, lines) = (MemorySink(), LogLines())
      let result = await run({ ($0.checkpoint, $0.acceptsGap) = (path, accepting) }, sink: sink, lines: lines) { (_) in
        var source = MemorySource(messages)
        source.confirmedLSN = LSN(rawValue: 0x18)
        return source
      }
      return (result, sink.content.delivered, lines.take())
    }
    // The transaction that has to come again comes through it too.
    let known = try await start(with: Self.messages)
    _ = try known.result.get()
    #expect(known.delivered == ["d@30-1"])
    #expect(known.lines.contains { $0.contains("no longer through before") })
    let others = OutboxStream.transaction(0x1C, "x") + OutboxStream.transaction(0x30, "d")
    let refused = try await start(with: others)
    #expect(kind(refused.result) == .gap)
    #expect(refused.delivered.isEmpty)
    #expect(try await start(with: others, accepting: true).delivered == ["d@30-1"])
  }

  @Test func `a checkpoint that another relay has moved on while we were away is read again`() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("checkpoint")
    let sinks = [MemorySink(), MemorySink()]
    let made = Atomic(0)
    _ = try await run({ $0.checkpoint = path }, sink: sinks[made.add(1, ordering: .relaxed).oldValue]) {
      (request) throws(Failure) in
      guard !request.isFirst else {
        var source = MemorySource(OutboxStream.transaction(0x10, "a", "b"), failure: Self.lost)
        (source.drainsFirst, source.ends) = (true, false)
        return source
      }
      // It has delivered c and d, and the server's crash has moved the slot back.
      let newest = CommitMark(lsn: LSN(rawValue: 0x30), time: PostgresTimestamp(rawValue: 0))
      var other = try Checkpoint(path: path)
      try other.write(
        Confirmation(lsn: LSN(rawValue: 0x38), commit: newest), OutboxTables(), of: MemorySource([]).identity)
      var source = MemorySource(Self.messages + OutboxStream.transaction(0x40, "e"))
      source.confirmedLSN = LSN(rawValue: 0x10)
      return source
    }.get()
    #expect(sinks.map(\.content.delivered) == [["a@10-1", "b@10-2"], ["e@40-1"]])
  }

  @Test func `what becomes durable while the server is away is recorded, and the end tells that it was not told`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let path = directory.file("checkpoint")
    let control = RunControl()
    let sink = MemorySink(delay: .milliseconds(100))
    let configure: @Sendable (inout RelayConfiguration) -> Void = {
      ($0.checkpoint, $0.disconnectGrace) = (path, .seconds(600))
    }
    let lines = LogLines()
    async let result = run(configure, sink: sink, control: control, lines: lines) { (request) throws(Failure) in
      guard request.isFirst else { throw Self.lost }
      var source = MemorySource(Self.messages, failure: Self.lost)
      (source.drainsFirst, source.ends, source.position) = (true, false, 0)
      return source
    }
    let deadline = ContinuousClock.now + .seconds(120)
    while try Checkpoint(path: path).resume?.lsn != LSN(rawValue: 0x38), ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(5))
    }
    control.stop()
    #expect(try await result.get().reason == .stopped)
    #expect(try Checkpoint(path: path).resume?.lsn == LSN(rawValue: 0x38))
    let account = try #require(lines.take().last)
    #expect(account.hasPrefix("delivered 4 events, confirmed up to 0/0; the server could not be told"), "\(account)")
  }

  @Test func `no position is confirmed that this connection has not heard of`() async throws {
    let journal = Journal()
    let control = RunControl()
    async let result = run(sink: MemorySink(), control: control) { (request) in
      var source = MemorySource(request.isFirst ? Self.messages : [], failure: request.isFirst ? Self.lost : nil)
      source.ends = false
      source.heartbeat = .milliseconds(5)
      let journal = request.isFirst ? Journal() : journal
      var opened = MemorySource([], failure: source.failure, journal: journal)
      opened.frames = source.frames
      opened.ends = false
      opened.heartbeat = .milliseconds(5)
      // The log of the second connection ends just where the last commit does.
      opened.flushLSN = LSN(rawValue: 0x38)
      return opened
    }
    while journal.content.statuses.count < 3 { try await Task.sleep(for: .milliseconds(2)) }
    control.stop()
    _ = try await result.get()
    #expect(journal.content.statuses.allSatisfy { $0.flush <= LSN(rawValue: 0x38) })
  }

  @Test(arguments: [false, true])
  func `a log that has another transaction where the newest delivered one was is not gone on from`(
    hasAnother: Bool
  ) async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("checkpoint")
    _ = try await run({ $0.checkpoint = path }, sink: MemorySink()) { (_) in MemorySource(Self.messages) }.get()
    // It was restored, and has been written on to beyond our position.
    let other = hasAnother ? OutboxStream.transaction(0x30, "x", at: 99) : []
    let sink = MemorySink()
    let result = await run({ $0.checkpoint = path }, sink: sink) { (_) in
      var source = MemorySource(OutboxStream.transaction(0x20, "c") + other + OutboxStream.transaction(0x48, "y"))
      source.confirmedLSN = LSN(rawValue: 0x18)
      return source
    }
    #expect(kind(result) == .serverRewound)
    #expect(sink.content.delivered.isEmpty)
    // The very same log is.
    let again = await run({ $0.checkpoint = path }, sink: MemorySink()) { (_) in
      var source = MemorySource(Array(Self.messages) + OutboxStream.transaction(0x48, "y"))
      source.confirmedLSN = LSN(rawValue: 0x8)
      return source
    }
    #expect(try again.get().events == 1)
  }

  @Test func `nothing is confirmed before it is known that the log is the one that was read`() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("checkpoint")
    _ = try await run({ $0.checkpoint = path }, sink: MemorySink()) { (_) in MemorySource(Self.messages) }.get()
    let journal = Journal()
    let result = await run({ $0.checkpoint = path }, sink: MemorySink()) { (_) in
      var source = MemorySource(
        OutboxStream.transaction(0x20, "x", at: 5) + OutboxStream.transaction(0x30, "y", at: 99), journal: journal)
      source.confirmedLSN = LSN(rawValue: 0x18)
      return source
    }
    #expect(kind(result) == .serverRewound)
    #expect(journal.content.statuses.allSatisfy { $0.flush <= LSN(rawValue: 0x18) }, "\(journal.content.statuses)")
  }

  @Test func `what comes behind the newest delivered transaction is delivered, however far other tables have moved us`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let path = directory.file("checkpoint")
    _ = try await run({ $0.checkpoint = path }, sink: MemorySink()) { (_) in
      var source = MemorySource(Self.messages)
      source.frames.append(HandBuilt.keepalive(0x900))
      return source
    }.get()
    #expect(try Checkpoint(path: path).resume?.lsn == LSN(rawValue: 0x900))
    // The copy has all that was delivered, and was written on.
    for confirmed in [0x18, 0x38, 0x48] as [UInt64] {
      let (sink, journal) = (MemorySink(), Journal())
      _ = try await run({ $0.checkpoint = path }, sink: sink) { (_) in
        var source = MemorySource(
          (confirmed == 0x18 ? OutboxStream.transaction(0x30, "d") : [])
            + OutboxStream.transaction(0x50, "new"), journal: journal)
        source.confirmedLSN = LSN(rawValue: confirmed)
        return source
      }.get()
      #expect(sink.content.delivered == ["new@50-1"], "\(confirmed)")
      #expect(journal.content.statuses.allSatisfy { $0.flush <= LSN(rawValue: 0x58) })
    }
  }

  @Test func `what is under way when the connection is lost must come again too`() async {
    let opened = Atomic(0)
    let sink = MemorySink(delay: .seconds(3))
    let result = await run({ $0.disconnectGrace = .seconds(600) }, sink: sink) { (_) in
      if opened.add(1, ordering: .relaxed).newValue == 1 {
        var source = MemorySource(Self.messages, failure: Self.lost)
        (source.drainsFirst, source.ends, source.confirmedLSN) = (true, false, LSN(rawValue: 0x8))
        return source
      }
      var source = MemorySource(OutboxStream.transaction(0x20, "x", at: 4) + OutboxStream.transaction(0x48, "y"))
      source.confirmedLSN = LSN(rawValue: 0x8)
      return source
    }
    #expect(kind(result) == .serverRewound)
  }

  @Test func `a sink that is ahead of its record is compared by what it holds`() async {
    let sink = MemorySink(resumePosition: EventPosition(commitLSN: 0x30, ordinal: 1), confirmed: LSN(rawValue: 0x18))
    let result = await run(sink: sink) { (_) in
      var source = MemorySource(OutboxStream.transaction(0x20, "x") + OutboxStream.transaction(0x48, "y"))
      source.confirmedLSN = LSN(rawValue: 0x18)
      return source
    }
    #expect(kind(result) == .serverRewound)
    #expect(sink.content.delivered.isEmpty)
  }

  @Test func `of two records the one that is behind tells of a gap`() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("checkpoint")
    var checkpoint = try Checkpoint(path: path)
    try checkpoint.write(
      Confirmation(lsn: LSN(rawValue: 0x38)), OutboxTables(), of: MemorySource([]).identity)
    let result = await run({ $0.checkpoint = path }, sink: MemorySink(confirmed: LSN(rawValue: 0x18))) { (_) in
      var source = MemorySource(Self.messages)
      source.confirmedLSN = LSN(rawValue: 0x38)
      return source
    }
    #expect(kind(result) == .gap)
  }

  @Test(arguments: [0x38, 0x58] as [UInt64])
  func `a record that was left behind by a full disk is made up for before the server is told`(newest: UInt64)
    async throws
  {
    let directory = try TemporaryDirectory()
    let path = directory.file("checkpoint")
    var checkpoint = try Checkpoint(path: path)
    let commit = CommitMark(lsn: LSN(rawValue: 0x30), time: PostgresTimestamp(rawValue: 0))
    try checkpoint.write(
      Confirmation(lsn: LSN(rawValue: newest), commit: commit), OutboxTables(), of: MemorySource([]).identity)
    let (sink, journal) = (MemorySink(confirmed: LSN(rawValue: 0x18)), Journal())
    _ = try await run({ $0.checkpoint = path }, sink: sink) { (_) in
      var source = MemorySource(Self.messages, journal: journal)
      source.confirmedLSN = LSN(rawValue: 0x18)
      return source
    }.get()
    let told = journal.content.statuses.map(\.flush).max() ?? .zero
    #expect(told == LSN(rawValue: 0x38))
    #expect(sink.content.recorded.max() == told, "\(sink.content.recorded)")
    #expect(try Checkpoint(path: path).resume?.lsn == LSN(rawValue: newest), "it does not go back")
  }

  @Test func `a standby that has not replayed its log yet is tried again`() async throws {
    let opened = Atomic(0)
    let result = await run(sink: MemorySink(confirmed: LSN(rawValue: 0x100))) { (_) in
      var source = MemorySource(OutboxStream.transaction(0x110, "e"))
      source.isStandby = true
      source.flushLSN = LSN(rawValue: opened.add(1, ordering: .relaxed).newValue == 1 ? 0xFF : 0x200)
      return source
    }
    #expect(try result.get().events == 1)
  }

  @Test func `a log that ends before the newest delivered transaction comes again is told by its next keepalive`()
    async throws
  {
    let directory = try TemporaryDirectory()
    let path = directory.file("checkpoint")
    _ = try await run({ $0.checkpoint = path }, sink: MemorySink()) { (_) in MemorySource(Self.messages) }.get()
    let result = await run({ $0.checkpoint = path }, sink: MemorySink()) { (_) in
      var source = MemorySource(OutboxStream.transaction(0x20, "c"))
      source.frames.append(HandBuilt.keepalive(0x90))
      source.confirmedLSN = LSN(rawValue: 0x18)
      return source
    }
    #expect(kind(result) == .serverRewound)
  }

  @Test(arguments: ["nothing kept", "a checkpoint", "turns"])
  func `what another client confirmed while the slot was lost is a gap`(record: String) async throws {
    let directory = try TemporaryDirectory()
    let opened = Atomic(0)
    let sinks = Mutex<[MemorySink]>([])
    let lines = LogLines()
    let configure: @Sendable (inout RelayConfiguration) -> Void = { configuration in
      if record == "a checkpoint" { configuration.checkpoint = directory.file("checkpoint") }
      configuration.takesTurns = record == "turns"
    }
    let result = await run(
      configure,
      sink: sinks.withLock { sinks in
        sinks.append(MemorySink())
        return sinks[sinks.count - 1]
      }, lines: lines
    ) { (_) throws(Failure) in
      switch opened.add(1, ordering: .relaxed).newValue {
      case 1:
        var source = MemorySource(Self.messages, failure: Self.lost)
        (source.drainsFirst, source.ends) = (true, false)
        return source
      case 2: throw Failure(.slotHeld, "taken", sqlState: "55006")
      default:
        var source = MemorySource(OutboxStream.transaction(0x90, "z"))
        source.confirmedLSN = LSN(rawValue: 0x80)
        return source
      }
    }
    if record == "turns" {
      #expect(try result.get().events == 5, "\(opened.load(ordering: .relaxed))")
      let told = lines.take()
      #expect(told.contains { $0.contains("0/80") && $0.contains("missing") }, "\(told)")
    } else {
      #expect(kind(result) == .gap)
    }
  }
}

/// Losing the slot, and what the sink may do meanwhile.
@Suite struct LostSlotTests {
  private static let messages =
    OutboxStream.transaction(0x10, "a", "b") + OutboxStream.transaction(0x20, "c") + OutboxStream.transaction(0x30, "d")

  /// Sinks that hold everything back until they are closed, then ones that deliver.
  private final class Sinks: Sendable {
    let made = Mutex<[MemorySink]>([])

    func next() -> any Sink {
      made.withLock { made in
        let sink = MemorySink(delay: made.isEmpty ? .seconds(60) : nil)
        made.append(sink)
        return sink
      }
    }
  }

  @Test func `when another client has the slot, the sink is closed and a new one made once it is ours again`()
    async throws
  {
    let sinks = Sinks()
    let opened = Atomic(0)
    let outcome = try await run(sink: sinks.next()) { (request) throws(Failure) in
      switch opened.add(1, ordering: .relaxed).newValue {
      case 1: return MemorySource(Self.messages, failure: Failure(.connection, "lost"))
      case 2: throw Failure(.slotHeld, "taken", sqlState: "55006")
      default: return MemorySource(Self.messages)
      }
    }.get()
    let made = sinks.made.withLock(\.self)
    #expect(made.count == 2)
    #expect(made[0].content.closed == 1 && made[0].content.delivered.isEmpty)
    #expect(made[1].content.delivered == ["a@10-1", "b@10-2", "c@20-1", "d@30-1"])
    #expect(outcome.flushed == LSN(rawValue: 0x38))
  }

  @Test func `when there is no connection for a while, the sink is closed`() async throws {
    let sinks = Sinks()
    let opened = Atomic(0)
    let outcome = try await run({ $0.disconnectGrace = .milliseconds(100) }, sink: sinks.next()) {
      (request) throws(Failure) in
      switch opened.add(1, ordering: .relaxed).newValue {
      case 1: return MemorySource(Self.messages, failure: Failure(.connection, "lost"))
      case 2: throw Failure(.connection, "away")
      default:
        let first = sinks.made.withLock(\.self)[0]
        if first.content.closed == 0 { throw Failure(.connection, "still away") }
        return MemorySource(Self.messages)
      }
    }.get()
    #expect(sinks.made.withLock(\.count) == 2)
    #expect(outcome.flushed == LSN(rawValue: 0x38))
  }

  @Test func `a connection that is back in time leaves the sink alone`() async throws {
    let sink = MemorySink(delay: .milliseconds(50))
    let outcome = try await run(sink: sink) { (request) in
      MemorySource(Self.messages, failure: request.isFirst ? Failure(.connection, "lost") : nil)
    }.get()
    #expect(outcome.events == 4)
    #expect(sink.content.delivered.count == 4, "nothing twice")
    #expect(sink.content.closed == 1)
  }

  @Test func `what the server cannot decode in progress is taken whole from then on`() async throws {
    let journal = Journal()
    let outcome = try await run(sink: MemorySink()) { (request) in
      journal.note { $0.wholeTransactions.append(request.wholeTransactions) }
      let failure = Failure(.connection, "could not map filenumber", sqlState: "XX000")
      return MemorySource(Self.messages, failure: request.wholeTransactions ? nil : failure)
    }.get()
    #expect(journal.content.wholeTransactions == [false, true])
    #expect(outcome.events == 4)
  }

  @Test func `pauses grow while nothing moves, however often a connection opens`() async {
    let opened = Atomic(0)
    let control = RunControl()
    async let result = run(sink: MemorySink(), control: control) { (_) in
      opened.add(1, ordering: .relaxed)
      return MemorySource([], failure: Failure(.connection, "lost"))
    }
    try? await Task.sleep(for: .seconds(3))
    control.stop()
    _ = await result
    // 0.2, 0.4, 0.8, 1.6, 3.2 s at most, on average half of that; with a reset at each open it would be thirty.
    #expect(opened.load(ordering: .relaxed) < 20)
  }

  @Test func `an output that another process has is waited for by a standby`() async throws {
    let attempts = Atomic(0)
    let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let relay = Relay(RelayConfiguration(mapping: OutboxStream.configuration), log: log)
    let sink = MemorySink()
    let outcome = try await relay.run(
      open: { (_) throws(Failure) in MemorySource(Self.messages) },
      sink: { (_) throws(Failure) in
        guard attempts.add(1, ordering: .relaxed).newValue > 2 else { throw Failure(.outputHeld, "held") }
        return sink
      })
    #expect(outcome.events == 4)
    #expect(attempts.load(ordering: .relaxed) == 3)
  }
}
