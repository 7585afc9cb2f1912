// SPDX-License-Identifier: Apache-2.0

import PostgresClient
package import PostgresWire

/// The rows of a table, as the frames in which a slot would bring them: those of a read are a transaction. What is delivered leaves
/// the table, or is marked; a row that is committed late is found by a later read.
package struct PollSource: FrameSource, ~Copyable {
  /// The rows of a read that are not known to be delivered and cleaned up.
  private struct Flight {
    let commit: LSN
    let ids: [String]
    let slices: Set<Int>
    let bytes: Int
  }

  /// A read that follows from news begins so many times as long after the last one as that one took.
  private static let rest = 2
  /// How often it looks which keys are its own.
  private static let balancing: Duration = .seconds(1)

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
  private var flights: [Flight] = []
  /// Rows of which some became letters, to be cleaned up.
  private var left: [String] = []
  private var frames = PollFrames()
  private var (nextRead, nextBalance) = (ContinuousClock.now, ContinuousClock.now)
  /// When news is looked at, at the earliest: what is told of thousands of times a second comes in fewer reads.
  private var nextNews = ContinuousClock.now
  private var (hasSaidIdle, hasSaidOthers) = (false, false)

  /// Connects, and looks at the table.
  package init(_ request: PollRequest) throws(Failure) {
    let reader = try PollReader(request)
    try reader.warnOfOrder()
    let slices = try PollSlices(
      reader.server, reader.shape.id, mark: request.mark.flatMap { reader.shape.column([$0]) }, process: reader.process,
      shares: true)
    let database = try reader.database
    identity = .polling(request.table, database)
    self.slices = slices
    pauses = PollPauses(longest: request.interval)
    self.request = request
    self.reader = reader
  }

  /// How often it is asked for rows, for an operator.
  package var words: Wording { reader.words }

  /// Whether the connection has gone: then others may have our keys.
  package var isServerLeaving: Bool { request.desk.isLost(reader.server) }

  package mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    do throws(Failure) { return try take(visit) } catch {
      try fail(error)
      return .drained(until: nil)
    }
  }

  /// While the sink takes nothing, keys are given back all the same, and others may have them when the connection has gone.
  package mutating func attend() throws(Failure) {
    guard .now >= nextBalance else { return }
    do throws(Failure) {
      if try reader.server.takeNotifications() { request.desk.noteNews() }
      if !request.desk.hasLeft {
        let settled = request.desk.settled
        while let first = flights.first, first.commit <= settled { flights.removeFirst() }
      }
      try balance()
    } catch { try fail(error) }
  }

  private func fail(_ failure: Failure) throws(Failure) {
    if failure == PooledConnection.isShared { slices.letGo(reader.server) }
    // Asked to end, nobody wants more; what has been read is delivered.
    guard request.isCancelled() else { throw failure }
  }

  private mutating func take(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    while true {
      if frames.hand(reader.shape, visit) == .enough { return .paused }
      if try reader.server.takeNotifications() || request.desk.takeNews() {
        nextRead = min(nextRead, max(.now, nextNews))
      }
      try settle()
      let rows = flights.reduce(0) { $0 + $1.ids.count }
      if PollReader.isEnough(rows: rows, bytes: flights.reduce(0) { $0 + $1.bytes }) {
        request.desk.hold()
        return .drained(until: nil)
      }
      let now = ContinuousClock.now
      if now >= nextBalance { try balance() }
      guard now >= nextRead else { return .drained(until: min(nextRead, nextBalance)) }
      if try !read() { return .ended }
    }
  }

  private mutating func balance() throws(Failure) {
    nextBalance = .now + Self.balancing
    let busy = flights.reduce(into: Set<Int>()) { $0.formUnion($1.slices) }
    if try slices.balance(reader.server, busy: busy) { nextRead = .now }
    let isIdle = slices.read?.isEmpty == true
    if isIdle, !hasSaidIdle {
      request.warn("other pollers have all keys of \(request.table); waiting until one of them gives some back or ends")
    }
    hasSaidIdle = isIdle
    if slices.meetsOthers, !hasSaidOthers {
      request.warn(
        "other pollers of \(request.table) \(request.mark == nil ? "mark the rows that this one deletes" : "delete the rows that this one marks"), so that each delivers only what the others have left"
      )
    }
    hasSaidOthers = slices.meetsOthers
  }

  /// What is delivered and cleaned up is under way no more; what became a letter is cleaned up here.
  private mutating func settle() throws(Failure) {
    let settled = request.desk.settled
    while let first = flights.first, first.commit <= settled {
      if request.desk.hasLeft { left += first.ids }
      flights.removeFirst()
    }
    guard !left.isEmpty else { return }
    let ids = try reader.remaining(of: left)
    if !ids.isEmpty { try request.clean?(ids) }
    left = []
    if flights.isEmpty { request.desk.takeLeft() }
  }

  /// Reads once; false at the end.
  private mutating func read() throws(Failure) -> Bool {
    let slices = slices.read
    guard slices?.isEmpty != true else {
      nextRead = nextBalance
      return true
    }
    let began = ContinuousClock.now
    let page = try reader.read(besides: flights.flatMap(\.ids), slices)
    nextNews = .now + (.now - began) * Self.rest
    let pause = pauses.take(foundRows: !page.rows.isEmpty, listens: reader.listens && !request.endsWhenEmpty)
    nextRead = page.isFull ? .now : .now + pause
    guard !page.rows.isEmpty else { return !request.endsWhenEmpty || !flights.isEmpty }
    let commit = request.desk.next(page.position)
    flights.append(
      Flight(commit: commit, ids: page.rows.map(\.id), slices: Set(page.rows.map(\.slice)), bytes: page.bytes))
    frames.fill(page, commit)
    return true
  }

  package mutating func send(_ status: StandbyStatus) throws(Failure) { _ = request.desk.settle(status.flush) }

  /// No row of a letter is left for the next time.
  package mutating func finish() throws(Failure) { try settle() }
}

extension StreamIdentity {
  /// A table that is polled.
  static func polling(_ table: TableName, _ database: String) -> StreamIdentity {
    StreamIdentity(systemIdentifier: "0", timeline: 0, database: database, slot: "poll:\(table)", publication: "")
  }
}
