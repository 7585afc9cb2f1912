// SPDX-License-Identifier: Apache-2.0

import PgOutput
import PostgresClient
package import PostgresWire

/// Which rows are to come before a stream, and whom to ask and to tell.
package struct InitialRowsRequest: Sendable {
  let database: String
  let tables: [TableName]
  /// Under which names a table may have the time.
  let time: [String]
  /// The column in which is marked what has been delivered; nil where nothing is.
  let mark: String?
  /// Whether we remove what has been delivered.
  let removes: Bool
  let slot: String
  let publications: [String]
  package let desk: InitialRowsDesk
  let isCancelled: @Sendable () -> Bool
  let tell: @Sendable (Wording) -> Void
  let warn: @Sendable (Wording) -> Void

  /// - Parameters:
  ///   - isCancelled: asked while waiting for the server: true gives up.
  ///   - tell: told what an operator may hear of.
  ///   - warn: told what an operator should hear of.
  package init(
    database: String, tables: [TableName], time: [String], mark: String? = nil, removes: Bool = false, slot: String,
    publications: [String], desk: InitialRowsDesk, isCancelled: @escaping @Sendable () -> Bool,
    tell: @escaping @Sendable (Wording) -> Void, warn: @escaping @Sendable (Wording) -> Void
  ) {
    (self.database, self.tables, self.time, self.mark, self.removes) = (database, tables, time, mark, removes)
    (self.slot, self.publications, self.desk) = (slot, publications, desk)
    (self.isCancelled, self.tell, self.warn) = (isCancelled, tell, warn)
  }
}

extension InitialRowsRequest {
  /// Tells of a read that takes long.
  func tellOfWait() {
    guard let waited = desk.overdue() else { return }
    warn(LongRead.words("a read of the initial rows of slot \"\(slot)\"", waited))
  }
}

/// A slot's stream, and before its first frame the rows that were in the outboxes when the slot was made, as the frames in which it
/// would bring them.
///
/// The stream is open meanwhile, so that the slot is nobody else's, and its server is told that somebody is there.
package struct RowsFirst<Stream: FrameSource & ~Copyable>: FrameSource, ~Copyable {
  private var stream: Stream
  private var rows: InitialRowsSource?

  /// - Parameter request: nil for no rows.
  package init(_ stream: consuming Stream, _ request: InitialRowsRequest?) {
    rows = request.map { InitialRowsSource($0, confirmed: stream.confirmedLSN) }
    self.stream = stream
  }

  package var identity: StreamIdentity { stream.identity }
  package var flushLSN: LSN { stream.flushLSN }
  package var timelineHistory: TimelineHistory { stream.timelineHistory }
  package var confirmedLSN: LSN? { stream.confirmedLSN }
  package var isStandby: Bool { stream.isStandby }
  package var isChecked: Bool { stream.isChecked }
  package var encoding: String? { stream.encoding }
  package var tables: OutboxTables { stream.tables }
  package var catalogue: (any TableCatalogue)? { stream.catalogue }
  package var heartbeat: Duration? { stream.heartbeat }
  package var isServerLeaving: Bool { stream.isServerLeaving }

  /// While rows come, what the slot has waits in its socket.
  package var descriptor: PollDescriptor? { hasRows ? nil : stream.descriptor }

  package var fraction: Double? {
    switch rows {
    case .some(let rows): rows.fraction
    case .none: stream.fraction
    }
  }

  private var hasRows: Bool {
    switch rows {
    case .some: true
    case .none: false
    }
  }

  package mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    if let supply = try rows?.receive(visit) {
      guard supply == .ended else { return supply }
      rows = nil
    }
    return try stream.receive(visit)
  }

  package mutating func send(_ status: StandbyStatus) throws(Failure) { try stream.send(status) }
  package mutating func finish() throws(Failure) { try stream.finish() }
}

/// The rows themselves.
struct InitialRowsSource: ~Copyable {
  private enum Item {
    case begin(place: UInt64)
    case relation(table: Int)
    case row(table: Int, SQLRow)
    case commit
  }

  private enum Step { case frames, record, wait, over }

  /// While so many pages are not delivered, no further one is begun.
  private static let mostPages = 2

  private let request: InitialRowsRequest
  private let confirmed: LSN?
  private var reader: InitialRowsReader?
  private var progress: InitialRows?
  /// The first place that has not come.
  private var next: UInt64 = 1
  /// Of the pages that are under way how many rows were not there, by their first places; and up to which place such may have been
  /// delivered before this start, and removed since.
  private var missing: [UInt64: UInt64] = [:]
  private var earlier: UInt64 = 0
  private var items: [Item] = []
  private var nextItem = 0
  private var isDescribed = false
  private var count: UInt64 = 0
  private var shapes: [TableShape] = []
  /// The position of the rows, and the time of those that have none of their own.
  private var (commit, time) = (LSN.zero, PostgresTimestamp(rawValue: 0))

  init(_ request: InitialRowsRequest, confirmed: LSN?) {
    (self.request, self.confirmed) = (request, confirmed)
    request.desk.hold(false)
  }

  var fraction: Double? { count > 0 ? min(1, Double(next - 1) / Double(count)) : nil }

  /// Ends when all rows are delivered, and that is on record.
  mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    while true {
      while nextItem < items.count {
        let frame = frame(items[nextItem])
        nextItem += 1
        if unsafe visit(frame.span.bytes) == .enough { return .paused }
      }
      (items, nextItem) = ([], 0)
      if request.desk.isWaiting { return .paused }
      switch try goOn() {
      case .frames: continue
      case .record: return .paused
      case .wait:
        request.desk.hold(true)
        return .drained(until: nil)
      case .over:
        request.desk.use(nil)
        return .ended
      }
    }
  }

  private mutating func goOn() throws(Failure) -> Step {
    if progress == nil {
      guard try begin() else { return .over }
    }
    guard var progress else { return .over }
    defer { self.progress = progress }
    if progress.isDone {
      request.tell("the \(progress.planned) initial rows are delivered; what the slot brings follows")
      return .over
    }
    let settled = request.desk.settled
    for page in progress.pages where page.last <= settled && page.last < next {
      progress.gone += missing.removeValue(forKey: page.first) ?? 0
    }
    progress.pages.removeAll { $0.last <= settled && $0.last < next }
    if let page = progress.pages.first(where: { $0.last >= next }) {
      try read(page)
      return .frames
    }
    guard progress.pages.count < Self.mostPages else { return .wait }
    if try reader?.plan(&progress) != true {
      guard progress.pages.isEmpty else { return .wait }
      try requireWhole(progress)
      progress.isDone = true
      progress.last = []
    }
    try reader?.requireOurs(request.slot)
    request.desk.propose(progress)
    return .record
  }

  /// Finds out where to go on; false where nothing is to be done.
  private mutating func begin() throws(Failure) -> Bool {
    let known = request.desk.known
    do throws(Failure) { reader = try InitialRowsReader(request) } catch {
      // Once they are delivered, nobody needs the snapshot.
      guard known?.isDone == true, !error.isRetryable else { throw error }
      return false
    }
    guard let start = reader?.start else { return false }
    var found = InitialRows(start: start)
    if let known, known.start == start {
      guard !known.isDone else { return false }
      found = known
      try reader?.arrange(as: known.layout, slot: request.slot)
    }
    guard let count = reader?.count, let shapes = reader?.shapes, let time = reader?.time, let layout = reader?.layout
    else { return false }
    (self.count, self.shapes, self.time, found.layout) = (count, shapes, time, layout)
    try reader?.requireFirst(request.slot, confirmed: confirmed)
    try reader?.requireOurs(request.slot)
    if request.removes { earlier = found.planned }
    next = found.pages.first?.first ?? found.planned + 1
    (progress, commit) = (found, found.commit)
    request.desk.use(commit)
    let left = count - min(count, found.planned)
    request.tell(
      "delivers \(left) initial rows\(found.planned > 0 ? " more" : ""), which were there before \(start)")
    return true
  }

  /// Rows that are gone were perhaps not meant to be delivered any more; those that were changed were.
  private borrowing func requireWhole(_ progress: InitialRows) throws(Failure) {
    let found = progress.planned - min(progress.planned, progress.gone)
    guard found != count else { return }
    let before: Wording = "rows that were there before slot \"\(request.slot)\""
    let what: Wording =
      found < count
      ? "\(count - found) of the \(count) " + before + " are not there any more, or were changed since"
      : "\(found) " + before + " came, where \(count) had been counted"
    guard !request.desk.acceptsGap else { return request.warn(what) }
    let suspects = try reader?.suspects() ?? nil
    if suspects == 0 {
      return request.warn(
        what
          + (found < count
            ? ": they were deleted, and are not delivered" : ": tables were attached since, with rows of before"))
    }
    throw Failure(
      .gap,
      what
        + "; \(suspects.map { "up to \($0) were changed, and are not delivered" } ?? "nobody can tell which, for rows have no time")",
      advice:
        "find them as the manual says and go on with \(setting: "accept-gap"), then send them with \(command: "redeliver")"
    )
  }

  /// Makes items of the next rows of a page: of those that follow one on another.
  private mutating func read(_ page: InitialRows.Page) throws(Failure) {
    guard let found = try reader?.read(page, from: Int(next - page.first)) else { return }
    let looked = page.first + UInt64(found.next) - next
    if page.first > earlier { missing[page.first, default: 0] += looked - UInt64(found.rows.count) }
    items = []
    var last: UInt64?
    for row in found.rows {
      let place = page.first + UInt64(row.number)
      if place != last.map({ $0 + 1 }) {
        if last != nil { items.append(.commit) }
        begin(at: place)
      }
      items.append(.row(table: page.table, row.values))
      last = place
    }
    if last != nil { items.append(.commit) }
    next = page.first + UInt64(found.next)
    // Whoever waits for the page waits for its last place, also where no row has it any more.
    guard next > page.last, last != page.last else { return }
    begin(at: page.last + 1)
    items.append(.commit)
  }

  private mutating func begin(at place: UInt64) {
    items.append(.begin(place: place))
    if !isDescribed { items += shapes.indices.map { .relation(table: $0) } }
    isDescribed = true
  }

  private borrowing func frame(_ item: Item) -> [UInt8] {
    let message: [UInt8] =
      switch item {
      // Of no transaction: the place before the first row's stands where others have their transaction's number.
      case .begin(let place):
        MessageWriting.begin(commitLSN: commit, commitTime: time, xid: UInt32(truncatingIfNeeded: place - 1))
      case .relation(let table):
        MessageWriting.relation(
          shapes[table].id, shapes[table].table, columns: shapes[table].columns.map { ($0.name, $0.baseType) })
      case .row(let table, let values): MessageWriting.insert(shapes[table].id, Array(values))
      case .commit: MessageWriting.commit(commit, end: commit, commitTime: time)
      }
    return ReplicationFrame.xLogData(start: commit, sentAt: time, payload: message)
  }
}
