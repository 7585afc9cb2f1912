/// Tests on runs of bytes, eight at a time where nothing special is met.
enum TextScanning {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// Nonzero when some byte of `word` is zero, below 0x20, DEL or above, a quotation mark, or a backslash.
  @inline(__always)
  private static func needsCare(_ word: UInt64) -> UInt64 {
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5C)
    let delete = word ^ (ones &* 0x7F)
    let control = word &- (ones &* 0x20)
    let zeroes = (quote &- ones) | (backslash &- ones) | (delete &- ones)
    return (control | zeroes | word) & highs
  }

  /// The first offset in the range at which a byte may need escaping or checking; the end when there is none.
  @inline(__always)
  static func plainEnd(_ bytes: RawSpan, _ range: Range<Int>) -> Int {
    var offset = range.lowerBound
    while offset &+ 8 <= range.upperBound {
      // A borrow can only make a byte above the culprit look suspicious too, never hide one.
      if needsCare(bytes.octets8(offset)) != 0 { break }
      offset &+= 8
    }
    while offset < range.upperBound {
      let byte = bytes.octet(offset)
      if byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return offset }
      offset &+= 1
    }
    return offset
  }

  /// The first offset at which there is a newline or a byte outside ASCII; the end when there is none.
  @inline(__always)
  static func plainLineEnd(_ bytes: RawSpan, from start: Int, to end: Int) -> Int {
    var offset = start
    while offset &+ 8 <= end {
      let word = bytes.octets8(offset)
      if ((word ^ (ones &* 0x0A)) &- ones | word) & highs != 0 { break }
      offset &+= 8
    }
    while offset < end {
      let byte = bytes.octet(offset)
      if byte == UInt8(ascii: "\n") || byte >= 0x80 { return offset }
      offset &+= 1
    }
    return offset
  }

  /// The scalar at an offset and its length in bytes; nil when it is not valid UTF-8.
  ///
  /// Source: Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences".
  static func scalar(_ bytes: RawSpan, at offset: Int, end: Int) -> (value: UInt32, length: Int)? {
    let first = bytes.octet(offset)
    if first < 0x80 { return (UInt32(first), 1) }
    let length: Int
    let lowest: UInt32
    var value: UInt32
    switch first {
    case 0xC2...0xDF: (length, lowest, value) = (2, 0x80, UInt32(first & 0x1F))
    case 0xE0...0xEF: (length, lowest, value) = (3, 0x800, UInt32(first & 0x0F))
    case 0xF0...0xF4: (length, lowest, value) = (4, 0x10000, UInt32(first & 0x07))
    default: return nil
    }
    guard offset + length <= end else { return nil }
    for next in (offset + 1)..<(offset + length) {
      let byte = bytes.octet(next)
      guard byte & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    guard value >= lowest, value <= 0x10FFFF, !(0xD800...0xDFFF).contains(value) else { return nil }
    return (value, length)
  }

  /// Whether CloudEvents forbids a scalar in attribute values: controls, surrogates and noncharacters.
  ///
  /// Source: CloudEvents 1.0, "Type System", String.
  static func isForbidden(_ scalar: UInt32) -> Bool {
    scalar < 0x20 || (0x7F...0x9F).contains(scalar) || (0xFDD0...0xFDEF).contains(scalar) || scalar & 0xFFFE == 0xFFFE
  }
}
