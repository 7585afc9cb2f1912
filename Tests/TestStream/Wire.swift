// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire

/// Bytes in the order in which the wire has them.
package struct Wire: Hashable, Sendable {
  package private(set) var bytes: [UInt8]

  /// Starts with the characters of a tag.
  package init(_ tag: String = "") { bytes = Array(tag.utf8) }

  package func u8(_ value: UInt8) -> Wire { raw([value]) }
  package func u16(_ value: UInt16) -> Wire { integer(value) }
  package func u32(_ value: UInt32) -> Wire { integer(value) }
  package func u64(_ value: UInt64) -> Wire { integer(value) }
  package func i32(_ value: Int32) -> Wire { integer(value) }
  package func i64(_ value: Int64) -> Wire { integer(value) }

  /// The transaction identifier that messages carry within a streamed block only.
  package func streamed(_ xid: UInt32?) -> Wire { xid.map(u32) ?? self }

  /// A string and its terminating NUL.
  package func string(_ text: String) -> Wire { raw(Array(text.utf8) + [0]) }

  package func raw(_ more: [UInt8]) -> Wire {
    var copy = self
    copy.bytes += more
    return copy
  }

  /// A row: a 16-bit count and the columns.
  package func tuple(_ cells: [Cell]) -> Wire {
    cells.reduce(u16(UInt16(cells.count))) { wire, cell in
      switch cell {
      case .null: wire.raw(Array("n".utf8))
      case .unchanged: wire.raw(Array("u".utf8))
      case .text(let text): wire.raw(Array("t".utf8)).i32(Int32(text.utf8.count)).raw(Array(text.utf8))
      case .rawText(let bytes): wire.raw(Array("t".utf8)).i32(Int32(bytes.count)).raw(bytes)
      case .binary(let bytes): wire.raw(Array("b".utf8)).i32(Int32(bytes.count)).raw(bytes)
      }
    }
  }

  private func integer(_ value: some FixedWidthInteger) -> Wire {
    var copy = self
    copy.bytes.appendBigEndian(value)
    return copy
  }
}

/// One column of a row.
package enum Cell: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
  case null
  case unchanged
  case text(String)
  case rawText([UInt8])
  case binary([UInt8])

  package init(stringLiteral value: String) { self = .text(value) }
  package init(nilLiteral: ()) { self = .null }
}
