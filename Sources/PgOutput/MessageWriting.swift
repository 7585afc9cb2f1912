// SPDX-License-Identifier: Apache-2.0

import Octets
package import PostgresWire

/// Messages as the plugin writes them, for rows that come out of no slot.
///
/// Source: PostgreSQL manual, "Logical Replication Message Formats".
package enum MessageWriting {
  /// The first message of a transaction.
  package static func begin(commitLSN: LSN, commitTime: PostgresTimestamp, xid: UInt32) -> [UInt8] {
    var message: [UInt8] = [UInt8(ascii: "B")]
    message.appendBigEndian(commitLSN.rawValue)
    message.appendBigEndian(commitTime.rawValue)
    message.appendBigEndian(xid)
    return message
  }

  /// The last message of a transaction.
  package static func commit(_ commitLSN: LSN, end: LSN, commitTime: PostgresTimestamp) -> [UInt8] {
    var message: [UInt8] = [UInt8(ascii: "C"), 0]
    message.appendBigEndian(commitLSN.rawValue)
    message.appendBigEndian(end.rawValue)
    message.appendBigEndian(commitTime.rawValue)
    return message
  }

  /// The shape of a table: what its columns are called, and of which types they are.
  package static func relation(
    _ id: ObjectID, _ table: TableName, columns: [(name: String, type: ObjectID)]
  ) -> [UInt8] {
    var message: [UInt8] = [UInt8(ascii: "R")]
    message.appendBigEndian(id)
    message.appendTerminated(table.schema)
    message.appendTerminated(table.name)
    message.append(Relation.ReplicaIdentity.byDefault.rawValue)
    message.appendBigEndian(UInt16(truncatingIfNeeded: columns.count))
    for column in columns {
      message.append(0)
      message.appendTerminated(column.name)
      message.appendBigEndian(column.type)
      message.appendBigEndian(Int32(-1))
    }
    return message
  }

  /// A row, its values as text in the order of the columns; nil is NULL.
  package static func insert(_ id: ObjectID, _ values: [String?]) -> [UInt8] {
    var message: [UInt8] = [UInt8(ascii: "I")]
    message.appendBigEndian(id)
    message.append(UInt8(ascii: "N"))
    message.appendBigEndian(UInt16(truncatingIfNeeded: values.count))
    for value in values {
      guard let value else {
        message.append(UInt8(ascii: "n"))
        continue
      }
      message.append(UInt8(ascii: "t"))
      message.appendBigEndian(UInt32(truncatingIfNeeded: value.utf8.count))
      message.append(contentsOf: value.utf8)
    }
    return message
  }

  /// A logical message that belongs to its transaction.
  package static func logicalMessage(_ prefix: String, _ content: String, at lsn: LSN) -> [UInt8] {
    var message: [UInt8] = [UInt8(ascii: "M"), 1]
    message.appendBigEndian(lsn.rawValue)
    message.appendTerminated(prefix)
    message.appendBigEndian(UInt32(truncatingIfNeeded: content.utf8.count))
    message.append(contentsOf: content.utf8)
    return message
  }
}

extension [UInt8] {
  fileprivate mutating func appendTerminated(_ text: String) {
    append(contentsOf: text.utf8)
    append(0)
  }
}
