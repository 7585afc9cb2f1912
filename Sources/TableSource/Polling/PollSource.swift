// SPDX-License-Identifier: Apache-2.0

import PgOutput
import PostgresClient
package import PostgresWire

/// The rows of a table, as the frames in which a slot would bring them: those of a read are a transaction. What is delivered leaves
/// the table, or is marked; a row that is committed late is found by a later read.
package struct PollSource: FrameSource, ~Copyable {
  private enum Item {
    case begin, relation
    case row(SQLRow)
    case commit
  }

  /// The rows of a read that are not known to be delivered and cleaned up.
  private struct Flight {
    let commit: LSN
    let ids: [String]
    let slices: Set<Int>
    let bytes: Int
  }

  /// While so much is under way, nothing more is read.
  private static let most = (rows: 8000, bytes: 16 << 20)
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
  private var items: [Item] = []
  private var nextItem = 0
  private var isDescribed = false
  private var (commit, time) = (LSN.zero, PostgresTimestamp(rawValue: 0))
  private var (nextRead, nextBalance) = (ContinuousClock.now, ContinuousClock.now)

  /// Connects, and looks at the table.
  package init(_ request: PollRequest) throws(Failure) {
    let reader = try PollReader(request)
    let slices = try PollSlices(reader.server, reader.shape.id)
    let database = try reader.database
    identity = StreamIdentity(
      systemIdentifier: "0", timeline: 0, database: database, slot: "poll:\(request.table)", publication: "")
    self.slices = slices
    pauses = PollPauses(longest: request.interval)
    if !reader.order.isOfWriting {
      request.warn(
        "table \(request.table) has neither an identity column nor a time, so the order of events of a key is not promised; name a column with \(setting: "order-by")"
      )
    }
    self.request = request
    self.reader = reader
  }

  /// How often it is asked for rows, for an operator.
  package var words: Wording {
    reader.listens ? "is told of new rows" : "looks for new rows at least every \(request.interval)"
  }

  /// Whether the connection has gone: then others may have our keys.
  package var isServerLeaving: Bool { reader.server.isLost }

  package mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    do throws(Failure) { return try take(visit) } catch {
      // Asked to end, nobody wants more; what has been read is delivered.
      guard request.isCancelled() else { throw error }
      return .drained(until: nil)
    }
  }

  private mutating func take(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    while true {
      while nextItem < items.count {
        let frame = frame(items[nextItem])
        nextItem += 1
        if unsafe visit(frame.span.bytes) == .enough { return .paused }
      }
      (items, nextItem) = ([], 0)
      try settle()
      let isFull =
        flights.reduce(0) { $0 + $1.ids.count } >= Self.most.rows
        || flights.reduce(0) { $0 + $1.bytes } >= Self.most.bytes
      if isFull {
        request.desk.hold()
        return .drained(until: nil)
      }
      if try reader.server.takeNotifications() { nextRead = .now }
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
    if try reader.look() { isDescribed = false }
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
    if !ids.isEmpty { try request.clean(ids) }
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
    let page = try reader.read(besides: flights.flatMap(\.ids), slices)
    let pause = pauses.take(foundRows: !page.rows.isEmpty, listens: reader.listens)
    nextRead = page.isFull ? .now : .now + pause
    guard !page.rows.isEmpty else { return !request.endsWhenEmpty || !flights.isEmpty }
    (commit, time) = (request.desk.next(page.position), .now)
    let bytes = page.rows.reduce(0) { sum, row in
      row.values.reduce(sum + row.id.utf8.count) { $0 + ($1?.utf8.count ?? 0) }
    }
    flights.append(
      Flight(commit: commit, ids: page.rows.map(\.id), slices: Set(page.rows.map(\.slice)), bytes: bytes))
    items = isDescribed ? [.begin] : [.begin, .relation]
    items += page.rows.map { .row($0.values) }
    items.append(.commit)
    isDescribed = true
    return true
  }

  private borrowing func frame(_ item: Item) -> [UInt8] {
    let shape = reader.shape
    let message: [UInt8] =
      switch item {
      case .begin: MessageWriting.begin(commitLSN: commit, commitTime: time, xid: 0)
      case .relation:
        MessageWriting.relation(shape.id, shape.table, columns: shape.columns.map { ($0.name, $0.baseType) })
      case .row(let values): MessageWriting.insert(shape.id, Array(values))
      case .commit: MessageWriting.commit(commit, end: commit, commitTime: time)
      }
    return ReplicationFrame.xLogData(start: commit, sentAt: time, payload: message)
  }

  package mutating func send(_ status: StandbyStatus) throws(Failure) { _ = request.desk.settle(status.flush) }

  /// No row of a letter is left for the next time.
  package mutating func finish() throws(Failure) { try settle() }
}
