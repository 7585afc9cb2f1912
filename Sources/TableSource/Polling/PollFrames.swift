// SPDX-License-Identifier: Apache-2.0

import PgOutput
import PostgresClient
import PostgresWire

/// The rows of a read as a transaction's frames.
struct PollFrames {
  private enum Item {
    case begin, relation
    case row(SQLRow)
    case commit
  }

  private var items: [Item] = []
  private var next = 0
  private var described = ""
  private var (commit, time) = (LSN.zero, PostgresTimestamp(rawValue: 0))

  /// Takes the rows of a read, where none are left.
  mutating func fill(_ page: PollReader.Page, _ commit: LSN) {
    (self.commit, time, next) = (commit, .now, 0)
    // The table is described once, and anew where it is another.
    items = described == page.version ? [.begin] : [.begin, .relation]
    items += page.rows.map { .row($0.values) }
    items.append(.commit)
    described = page.version
  }

  /// Hands over what there is; tells whether it was too much.
  mutating func hand(_ shape: TableShape, _ visit: (RawSpan) -> FrameVerdict) -> FrameVerdict {
    while next < items.count {
      let frame = frame(items[next], shape)
      next += 1
      if unsafe visit(frame.span.bytes) == .enough { return .enough }
    }
    (items, next) = ([], 0)
    return .more
  }

  private func frame(_ item: Item, _ shape: TableShape) -> [UInt8] {
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
}
