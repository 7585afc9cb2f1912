// SPDX-License-Identifier: Apache-2.0

import PgOutput
import PostgresClient
package import PostgresWire

/// Rows that are in their tables, as the frames in which a slot would bring them: each a transaction of its own.
///
/// Its positions count rows and are of no log.
package struct TableSource: FrameSource, ~Copyable {
  package let identity: StreamIdentity
  package let flushLSN = LSN.zero
  package let descriptor: PollDescriptor? = nil
  package let heartbeat: Duration? = nil
  /// The server has just written it.
  package let isChecked = true
  /// How far it is.
  package let progress: TableProgress

  private var rows: ChosenRows
  private var pace: Pace
  private var page: [ChosenRows.Row] = []
  private var nextRow = 0
  private var frames: [[UInt8]] = []
  private var nextFrame = 0
  private var isDescribed = false
  private let isCancelled: @Sendable () -> Bool

  /// Chooses the rows.
  ///
  /// - Parameters:
  ///   - rate: how many rows a second, at most.
  ///   - isCancelled: asked while waiting for the server: true gives up, which is an end of the rows.
  package init(
    database: String, _ tables: [TableName], _ columns: RowColumns, _ selection: RowSelection, rate: Int,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws(Failure) {
    let server = try Connection.connect(database, for: .statements(within: nil), isCancelled: isCancelled)
    let facts = try server.query("SELECT pg_catalog.current_database()")
    rows = try ChosenRows(server, tables, columns, selection)
    identity = StreamIdentity(
      systemIdentifier: "0", timeline: 0, database: facts.first?.first.flatMap { $0 } ?? "", slot: "", publication: "")
    progress = TableProgress(count: rows.count)
    pace = Pace(rate: rate)
    self.isCancelled = isCancelled
  }

  /// How many of the rows have been read.
  package var fraction: Double? { rows.count > 0 ? Double(progress.read) / Double(rows.count) : 1 }

  package mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    while true {
      while nextFrame < frames.count {
        let frame = frames[nextFrame]
        nextFrame += 1
        if unsafe visit(frame.span.bytes) == .enough { return .paused }
      }
      if nextRow == page.count {
        do throws(Failure) { page = try rows.next() } catch {
          // Asked to end, nobody wants more.
          guard isCancelled() else { throw error }
          return .ended
        }
        nextRow = 0
        progress.note(gone: rows.gone)
        if page.isEmpty { return .ended }
      }
      if let due = pace.take() { return .drained(until: due) }
      frame(page[nextRow])
      nextRow += 1
    }
  }

  /// Takes note of what is durable.
  package mutating func send(_ status: StandbyStatus) throws(Failure) { progress.confirm(status.flush) }
  package mutating func finish() throws(Failure) {}

  /// Makes the frames of a row.
  private mutating func frame(_ row: ChosenRows.Row) {
    let (begin, end) = progress.begin(row.time)
    let (shape, time) = (rows.shapes[row.table], PostgresTimestamp.now)
    var messages = [MessageWriting.begin(commitLSN: begin, commitTime: time, xid: 0)]
    if !isDescribed {
      messages += rows.shapes.map { shape in
        MessageWriting.relation(shape.id, shape.table, columns: shape.columns.map { ($0.name, $0.baseType) })
      }
      isDescribed = true
    }
    messages.append(MessageWriting.insert(shape.id, Array(row.values)))
    messages.append(MessageWriting.commit(begin, end: end, commitTime: time))
    frames = messages.map { ReplicationFrame.xLogData(start: begin, sentAt: time, payload: $0) }
    nextFrame = 0
  }
}
