// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
import PgOutput
import PostgresWire

/// What lies in a spool, one after another: a head of fixed size, then its content.
///
/// Nobody but the process that wrote it reads a spool, so its layout is free to change.
struct SpoolRecord {
  /// What the content is.
  enum Kind: UInt8 {
    /// Nothing: rows that became no events.
    case rows
    /// An event: where things lie in its line, then the line.
    case event
    /// An event that must not leave: why, then as an event.
    case refused
    /// A row that could not become an event: why, and what is kept of it.
    case badRow
    /// Nothing: a row with which the stream has to end.
    case failure
  }

  let kind: Kind
  /// The transaction or subtransaction that wrote the rows.
  let subtransaction: TransactionID
  /// How many rows it stands for, the last of which is what the content is about.
  let rows: UInt64
  /// How long the content is.
  let size: Int
  /// How long the head is.
  static let headSize = 1 + 4 + 8 + 8

  func append(to bytes: inout [UInt8]) {
    bytes.append(kind.rawValue)
    bytes.appendBigEndian(subtransaction)
    bytes.appendBigEndian(rows)
    bytes.appendBigEndian(Int64(size))
  }
}

extension SpoolRecord {
  /// Reads a head.
  init(head: RawSpan) throws(LayoutError) {
    var bytes = head
    let tag = try bytes.readByte()
    guard let kind = Kind(rawValue: tag) else { throw .unexpectedTag(tag, expected: "a spooled record") }
    self.kind = kind
    subtransaction = try bytes.readInteger(TransactionID.self)
    rows = try bytes.readInteger(UInt64.self)
    size = Int(try bytes.readInteger(Int64.self))
    guard size >= 0 else { throw .invalidCount(size) }
  }
}
