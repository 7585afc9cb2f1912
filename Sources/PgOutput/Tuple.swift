// SPDX-License-Identifier: Apache-2.0

public import Octets
public import PostgresWire

/// A row was inserted.
public struct Insert: Hashable, Sendable {
  /// The (sub)transaction, within a streamed block.
  public let xid: TransactionID?
  /// The table.
  public let relationID: ObjectID
  /// The new row.
  public let new: Tuple

  static func decode(
    from bytes: inout RawSpan, xid: TransactionID?, messageSize: Int
  ) throws(LayoutError) -> Insert {
    let relation = try bytes.readInteger(ObjectID.self)
    let tag = try bytes.readByte()
    guard tag == UInt8(ascii: "N") else { throw .unexpectedTag(tag, expected: "a new tuple N") }
    return Insert(xid: xid, relationID: relation, new: try Tuple.decode(from: &bytes, messageSize: messageSize))
  }
}

/// The values of one row: a checked range of the message they came in.
///
/// Layout: a 16-bit count, then for each column `n` (null), `u` (an unchanged TOASTed value that was not sent),
/// or `t` (text) or `b` (binary), a 32-bit length and so many bytes.
public struct Tuple: Hashable, Sendable {
  /// How many columns there are.
  public let columnCount: Int
  /// Where the columns lie, counted from the start of the message.
  public let range: Range<Int>
  /// Whether some column came in its type's binary form.
  public let hasBinary: Bool

  /// Checks every column's tag and length, so that reading them later cannot fail.
  static func decode(from bytes: inout RawSpan, messageSize: Int) throws(LayoutError) -> Tuple {
    let count = try bytes.readCount16(minimumSize: 1)
    let start = messageSize - bytes.byteCount
    let size = bytes.byteCount
    var (offset, left, hasBinary) = (0, count, false)
    while left > 0, offset < size {
      let tag = unsafe bytes.byte(unchecked: offset)
      if tag == UInt8(ascii: "n") || tag == UInt8(ascii: "u") {
        offset &+= 1
      } else {
        guard tag == UInt8(ascii: "t") || tag == UInt8(ascii: "b"), size &- offset >= 5 else { break }
        let length = unsafe bytes.length(unchecked: offset &+ 1)
        guard length >= 0, length <= size &- offset &- 5 else { break }
        if tag == UInt8(ascii: "b") { hasBinary = true }
        offset &+= 5 &+ length
      }
      left &-= 1
    }
    bytes = bytes.extracting(droppingFirst: offset)
    guard left == 0 else { throw wrongColumn(&bytes) }
    return Tuple(columnCount: count, range: start..<(start + offset), hasBinary: hasBinary)
  }

  /// What is wrong with the column that begins here; reads as far as it makes sense.
  private static func wrongColumn(_ bytes: inout RawSpan) -> LayoutError {
    do throws(LayoutError) {
      let tag = try bytes.readByte()
      guard tag == UInt8(ascii: "t") || tag == UInt8(ascii: "b") else {
        return .unexpectedTag(tag, expected: "a column n, u, t or b")
      }
      let length = Int(try bytes.readInteger(Int32.self))
      try bytes.skip(length)
      return .invalidCount(length)
    } catch {
      return error
    }
  }

  init(columnCount: Int, range: Range<Int>, hasBinary: Bool = false) {
    self.columnCount = columnCount
    self.range = range
    self.hasBinary = hasBinary
  }

  /// Calls `body` with each column's number and value, in order. `message` must be what this was decoded from.
  @inlinable
  public func forEachColumn<E>(in message: RawSpan, _ body: (Int, Value) throws(E) -> Void) throws(E) {
    // Checked again, because nothing else keeps a caller from giving another message.
    let size = message.byteCount
    var offset = range.lowerBound
    var index = 0
    while index < columnCount {
      precondition(offset < size)
      let tag = unsafe message.byte(unchecked: offset)
      offset &+= 1
      switch tag {
      case UInt8(ascii: "n"): try body(index, .null)
      case UInt8(ascii: "u"): try body(index, .unchanged)
      default:
        precondition(size &- offset >= 4)
        let start = offset &+ 4
        offset = start &+ (unsafe message.length(unchecked: offset))
        try body(index, tag == UInt8(ascii: "b") ? .binary(start..<offset) : .text(start..<offset))
      }
      index &+= 1
    }
  }

  /// One column's value; ranges are counted from the start of the message.
  @frozen
  public enum Value: Hashable, Sendable {
    /// SQL NULL.
    case null
    /// A TOASTed value which the update left alone, so that the server does not know it.
    case unchanged
    /// The text form, in the client encoding.
    case text(Range<Int>)
    /// The type's binary form.
    case binary(Range<Int>)
  }
}
