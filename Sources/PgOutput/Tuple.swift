public import PostgresWire

/// The values of one row: a checked range of the message they came in.
///
/// Layout: a 16-bit count, then for each column `n` (null), `u` (an unchanged TOASTed value that was not sent),
/// or `t` (text) or `b` (binary), a 32-bit length and so many bytes.
public struct Tuple: Hashable, Sendable {
  /// How many columns there are.
  public let columnCount: Int
  /// Where the columns lie, counted from the start of the message.
  public let range: Range<Int>

  /// Checks every column's tag and length, so that reading them later cannot fail.
  @inlinable
  static func decode(from bytes: inout RawSpan, messageSize: Int) throws(WireError) -> Tuple {
    let count = try bytes.readCount16(minimumSize: 1)
    let start = messageSize - bytes.byteCount
    for _ in 0..<count {
      switch try bytes.readByte() {
      case UInt8(ascii: "t"), UInt8(ascii: "b"): try bytes.skip(Int(try bytes.readInteger(Int32.self)))
      case UInt8(ascii: "n"), UInt8(ascii: "u"): break
      case let tag: throw .unexpectedTag(tag, expected: "a column n, u, t or b")
      }
    }
    return Tuple(columnCount: count, range: start..<(messageSize - bytes.byteCount))
  }

  @usableFromInline
  init(columnCount: Int, range: Range<Int>) {
    self.columnCount = columnCount
    self.range = range
  }

  /// Calls `body` with each column's number and value, in order. `message` must be what this was decoded from.
  @inlinable
  public func forEachColumn<E>(in message: RawSpan, _ body: (Int, Value) throws(E) -> Void) throws(E) {
    var offset = range.lowerBound
    for index in 0..<columnCount {
      let tag = message.byte(at: offset)
      offset += 1
      switch tag {
      case UInt8(ascii: "n"): try body(index, .null)
      case UInt8(ascii: "u"): try body(index, .unchanged)
      default:
        let length = Int(message.length(at: offset))
        let content = (offset + 4)..<(offset + 4 + length)
        offset = content.upperBound
        try body(index, tag == UInt8(ascii: "b") ? .binary(content) : .text(content))
      }
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

extension RawSpan {
  @inlinable
  func length(at offset: Int) -> Int32 {
    precondition(offset >= 0 && offset &+ 4 <= byteCount)
    return Int32(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Int32.self))
  }
}
