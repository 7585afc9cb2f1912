// SPDX-License-Identifier: Apache-2.0

import PostgresClient
package import PostgresWire

/// The rows of a table that stay in it, as the frames in which a slot would bring them.
///
/// Nothing in the table tells what is delivered, so it goes by the transactions that wrote the rows: a step has those of all that had
/// ended when it began, in their order. What is written by one that is open waits, and with it all that began later.
package struct KeptRowsSource: FrameSource, ~Copyable {
  /// A pause is at least so many times as long as the read before it, which looks at the whole table.
  private static let rest = 3
  /// How long the values may be by which rows are ordered: they are on record.
  private static let longestOrder = 64 << 10
  /// How often it asks whether the table is nobody else's.
  private static let patience: Duration = .seconds(1)

  package let identity: StreamIdentity
  package let flushLSN = LSN.zero
  package let hasLog = false
  package let isChecked = true
  package let heartbeat: Duration? = .seconds(10)
  package var descriptor: PollDescriptor? {
    PollDescriptor(descriptor: reader.server.socket.descriptor, wantsWrite: false)
  }

  private let request: PollRequest
  private var reader: PollReader
  private var slices: PollSlices
  private var pauses: PollPauses
  private var frames = PollFrames()
  private var flights: [(commit: LSN, rows: Int, bytes: Int)] = []
  private var step: PolledRows?
  private var horizon = DurableHorizon()
  /// The first transaction that had not ended, and whether it had begun.
  private var (open, isOpen) = (UInt64(0), false)
  private var (nextRead, nextLook) = (ContinuousClock.now, ContinuousClock.now)
  private var (isOurs, hasSaidTaken) = (false, false)
  private var waiting = OpenTransactionNotice()

  /// Connects, and looks at the table. One such poller at a time has it.
  package init(_ request: PollRequest) throws(Failure) {
    let reader = try PollReader(request)
    try reader.warnOfOrder()
    let slices = try PollSlices(reader.server, reader.shape.id, mark: nil, process: reader.process, shares: false)
    let database = try reader.database
    identity = .polling(request.table, database)
    pauses = PollPauses(longest: request.interval)
    self.slices = slices
    self.request = request
    self.reader = reader
  }

  /// How often it looks, for an operator.
  package var words: Wording { reader.words }

  /// Whether the connection has gone: then another may have the table.
  package var isServerLeaving: Bool { request.desk.isLost(reader.server) }

  package mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    do throws(Failure) { return try take(visit) } catch {
      if error == PooledConnection.isShared { slices.letGo(reader.server) }
      // Asked to end, nobody wants more; what has been read is delivered.
      guard request.isCancelled() else { throw error }
      return .drained(until: nil)
    }
  }

  /// While the sink takes nothing, another may have the table when the connection has gone.
  package mutating func attend() throws(Failure) {
    guard isOurs, .now >= nextLook else { return }
    nextLook = .now + Self.patience
    do throws(Failure) { try slices.requireHeld(reader.server) } catch {
      if error == PooledConnection.isShared { slices.letGo(reader.server) }
      guard request.isCancelled() else { throw error }
    }
  }

  private mutating func take(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    while true {
      if frames.hand(reader.shape, visit) == .enough { return .paused }
      if try reader.server.takeNotifications() || request.desk.takeNews() { nextRead = .now }
      let settled = request.desk.settled
      while let first = flights.first, first.commit <= settled { flights.removeFirst() }
      let rows = flights.reduce(0) { $0 + $1.rows }
      if PollReader.isEnough(rows: rows, bytes: flights.reduce(0) { $0 + $1.bytes }) {
        request.desk.hold()
        return .drained(until: nil)
      }
      guard .now >= nextRead else { return .drained(until: nextRead) }
      guard try takeTable() else { continue }
      if try !read() { return .ended }
    }
  }

  /// Has the table for this poller alone: what another delivers would be no progress of ours.
  private mutating func takeTable() throws(Failure) -> Bool {
    if isOurs { return true }
    isOurs = try slices.takeAll(reader.server)
    // How far the other has come is on record since we looked.
    if isOurs, hasSaidTaken { throw Failure(.connection, "the other poller of \(request.table) has ended") }
    if !isOurs {
      nextRead = .now + Self.patience
      if !hasSaidTaken { request.warn("another poller has \(request.table); waiting until it ends") }
      hasSaidTaken = true
    }
    return isOurs
  }

  /// Reads once; false at the end.
  private mutating func read() throws(Failure) -> Bool {
    let began = ContinuousClock.now
    if self.step == nil { self.step = try begin() }
    guard var step = self.step else { return false }
    defer { self.step = step }
    var page: PollReader.Page?
    if step.low < step.high {
      page = try reader.read(step)
      if page?.rows.isEmpty == true {
        // The step is done with.
        (step.low, step.last, page) = (step.high, [], nil)
      }
    }
    if step.low == step.high, let found = try horizon.look(reader) {
      (open, isOpen) = (found.high, found.high < found.next)
      (step.high, step.log, step.last) = (max(step.low, found.high), found.log, [])
      // None may pass a row of its key that was written before it by a transaction that the step does not have.
      while step.low < step.high, let lower = try reader.passing(step) { step.high = max(step.low, lower) }
      page = step.low < step.high ? try reader.read(step) : nil
      if isOpen, let words = try waiting.look(reader, open) { request.warn(words) }
    }
    // What waits for a transaction may become free without a notification.
    let listens = reader.listens && !horizon.isPending && !isOpen && !request.endsWhenEmpty
    let pause = pauses.take(foundRows: page?.rows.isEmpty == false, listens: listens)
    guard let page, !page.rows.isEmpty else {
      (step.low, step.last) = (step.high, [])
      nextRead = max(began + pause, .now + (.now - began) * Self.rest)
      guard request.endsWhenEmpty, flights.isEmpty, !horizon.isPending else { return true }
      if isOpen, try reader.hasRows(from: step.high) { request.warn(try waiting.words(reader, open)) }
      return false
    }
    guard page.last.reduce(0, { $0 + $1.utf8.count }) <= Self.longestOrder else { throw reader.tooLong }
    step.last = page.last
    let commit = request.desk.next(page.position)
    request.desk.note(step, at: commit)
    flights.append((commit, page.rows.count, page.bytes))
    frames.fill(page, commit)
    nextRead = .now
    return true
  }

  /// Where it goes on: as it is on record, where that is of this server as it is now.
  private mutating func begin() throws(Failure) -> PolledRows {
    let now = try reader.horizon()
    let order = reader.order.inSteps
    let none = PolledRows(server: now.server, log: now.log, low: 0, high: 0, order: order)
    guard let known = request.desk.restart() else { return none }
    guard known.server == now.server, known.log <= now.log, known.high <= now.next
    else {
      request.warn(
        "the server or the table is another than before, or was set back: all rows of \(request.table) are delivered again, since nobody can tell which were"
      )
      return none
    }
    // Ordered by something else now, the step begins again.
    guard known.order == order else {
      return PolledRows(server: known.server, log: known.log, low: known.low, high: known.high, order: order)
    }
    return known
  }

  package mutating func send(_ status: StandbyStatus) throws(Failure) { _ = request.desk.settle(status.flush) }
  package mutating func finish() throws(Failure) {}
}
