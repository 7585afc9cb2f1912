// SPDX-License-Identifier: Apache-2.0

import Octets

/// Appending pieces of JSON text.
extension LineWriter {
  /// Appends an attribute value and its closing quote, refusing what CloudEvents forbids in one.
  @inline(__always)
  mutating func appendAttribute(
    _ bytes: RawSpan, _ range: Range<Int>, _ field: @autoclosure () -> EventField
  ) throws(EnvelopeError) {
    if !appendPlain(bytes, range) {
      do throws(EnvelopeError.Problem) {
        self = try appendingEscaped(bytes, range, refusingForbidden: true)
      } catch {
        throw EnvelopeError(field(), error)
      }
    }
    append(UInt8(ascii: "\""))
  }

  /// Appends text inside JSON quotes; the quotes are the caller's.
  @inline(never)
  func appendingEscaped(
    _ bytes: RawSpan, _ range: Range<Int>, refusingForbidden: Bool
  ) throws(EnvelopeError.Problem) -> LineWriter {
    var line = self
    try line.appendEscaped(bytes, range, refusingForbidden: refusingForbidden)
    return line
  }

  private mutating func appendEscaped(
    _ bytes: RawSpan, _ range: Range<Int>, refusingForbidden: Bool
  ) throws(EnvelopeError.Problem) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let plain = TextScanning.plainEnd(bytes, offset..<range.upperBound)
      if plain > offset {
        append(bytes, offset..<plain)
        offset = plain
        continue
      }
      guard let scalar = TextScanning.scalar(bytes, at: offset, end: range.upperBound) else { throw .invalidUTF8 }
      if refusingForbidden, TextScanning.isForbidden(scalar.value) { throw .controlCharacter }
      if scalar.length > 1 {
        append(bytes, offset..<(offset + scalar.length))
      } else {
        appendEscape(UInt8(truncatingIfNeeded: scalar.value))
      }
      offset += scalar.length
    }
  }

  private mutating func appendEscape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      append(UInt8(ascii: "\\"))
      append(byte)
    case 0x0A: append("\\n")
    case 0x0D: append("\\r")
    case 0x09: append("\\t")
    case 0..<0x20, 0x7F:
      append("\\u00")
      append(Hexadecimal.digit(byte >> 4))
      append(Hexadecimal.digit(byte & 15))
    default: append(byte)
    }
  }

  /// Appends JSON as it is, but for raw newlines, carriage returns and tabs, which valid JSON holds only between tokens and
  /// which become spaces: to some readers they end a line or a field.
  @inline(never)
  func appendingJSONLine(_ bytes: RawSpan, _ range: Range<Int>) throws(EnvelopeError.Problem) -> LineWriter {
    var line = self
    try line.appendJSONLine(bytes, range)
    return line
  }

  private mutating func appendJSONLine(_ bytes: RawSpan, _ range: Range<Int>) throws(EnvelopeError.Problem) {
    if TextScanning.isPlainLine(bytes, range) { return append(bytes, range) }
    var offset = range.lowerBound
    while offset < range.upperBound {
      let plain = TextScanning.plainLineEnd(bytes, from: offset, to: range.upperBound)
      append(bytes, offset..<plain)
      offset = plain
      // Text outside ASCII comes in runs: walk to the run's end, then copy it whole.
      while offset < range.upperBound, bytes.byte(at: offset) >= 0x80 {
        guard let scalar = TextScanning.scalar(bytes, at: offset, end: range.upperBound) else { throw .invalidUTF8 }
        offset += scalar.length
      }
      append(bytes, plain..<offset)
      if offset < range.upperBound, bytes.byte(at: offset) < 0x20 {
        append(UInt8(ascii: " "))
        offset += 1
      }
    }
  }

  /// A value without the blanks around it, which a column of `json` keeps: whoever reads the line again finds the value alone.
  @inline(__always)
  static func trimmed(_ bytes: RawSpan, _ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, bytes.byte(at: start) <= 0x20 { start += 1 }
    while start < end, bytes.byte(at: end - 1) <= 0x20 { end -= 1 }
    return start..<end
  }

  /// Appends `\x…` as base64 inside JSON quotes; the quotes are the caller's.
  @inline(never)
  func appendingBase64(hexadecimal bytes: RawSpan, _ range: Range<Int>) throws(EnvelopeError.Problem) -> LineWriter {
    var line = self
    try line.appendBase64(hexadecimal: bytes, range)
    return line
  }

  private mutating func appendBase64(hexadecimal bytes: RawSpan, _ range: Range<Int>) throws(EnvelopeError.Problem) {
    guard range.count >= 2, range.count % 2 == 0, bytes.byte(at: range.lowerBound) == UInt8(ascii: "\\"),
      bytes.byte(at: range.lowerBound + 1) == UInt8(ascii: "x")
    else { throw .invalidHexadecimal }
    var offset = range.lowerBound + 2
    while offset < range.upperBound {
      var group: UInt32 = 0
      var count = 0
      while count < 3, offset < range.upperBound {
        guard let high = Hexadecimal.value(of: bytes.byte(at: offset)),
          let low = Hexadecimal.value(of: bytes.byte(at: offset + 1))
        else { throw .invalidHexadecimal }
        group |= UInt32(high << 4 | low) << UInt32(16 - 8 * count)
        count += 1
        offset += 2
      }
      for place in 0..<4 {
        append(place <= count ? Base64.digit(UInt8(group >> UInt32(18 - 6 * place) & 63)) : UInt8(ascii: "="))
      }
    }
  }
}

/// Tests on runs of bytes, eight at a time where nothing special is met.
package enum TextScanning {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// Whether some byte of a word is below 0x20, a quotation mark, a backslash, DEL or above.
  @inline(__always)
  static func needsCare(_ word: UInt64) -> Bool { suspects(word) & highs != 0 }

  /// The same for the lowest few bytes of a word.
  @inline(__always)
  static func needsCare(_ word: UInt64, lowest count: Int) -> Bool {
    (suspects(word) & highs) &<< UInt64(64 &- 8 &* count) != 0
  }

  /// The same for one byte.
  @inline(__always)
  static func needsCare(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  /// The high bit of a byte is set when it needs care. A borrow or carry can only make a byte above a culprit look
  /// suspicious too, never hide one.
  @inline(__always)
  private static func suspects(_ word: UInt64) -> UInt64 {
    let quote = (word ^ (ones &* 0x22)) &- ones
    let backslash = (word ^ (ones &* 0x5C)) &- ones
    return quote | backslash | (word &- ones &* 0x20) | (word &+ ones) | word
  }

  /// The first offset in the range at which a byte may need escaping or checking; the end when there is none.
  static func plainEnd(_ bytes: RawSpan, _ range: Range<Int>) -> Int {
    var offset = range.lowerBound
    while offset &+ 8 <= range.upperBound, !needsCare(bytes.word(at: offset)) { offset &+= 8 }
    while offset < range.upperBound, !needsCare(bytes.byte(at: offset)) { offset &+= 1 }
    return offset
  }

  /// Whether there is neither a control character nor a byte outside ASCII. Without an early end, so that it takes many
  /// bytes at a time.
  @inline(__always)
  static func isPlainLine(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.byteCount)
    var offset = range.lowerBound
    let wide = offset &+ range.count & ~31
    // The high bit of a byte is set when it is one or the other; a plain loop, which becomes vector instructions.
    var found: UInt8 = 0
    while offset < wide {
      let byte = unsafe bytes.byte(unchecked: offset)
      found |= byte | (byte &- 0x20)
      offset &+= 1
    }
    var rest = UInt64(found)
    while offset &+ 8 <= range.upperBound {
      let word = unsafe bytes.word(unchecked: offset)
      rest |= word | (word &- ones &* 0x20)
      offset &+= 8
    }
    while offset < range.upperBound {
      let byte = unsafe bytes.byte(unchecked: offset)
      rest |= UInt64(byte | (byte &- 0x20))
      offset &+= 1
    }
    return rest & highs == 0
  }

  /// The first offset at which there is a control character or a byte outside ASCII; the end when there is none.
  static func plainLineEnd(_ bytes: RawSpan, from start: Int, to end: Int) -> Int {
    var offset = start
    while offset &+ 8 <= end {
      let word = bytes.word(at: offset)
      if ((word &- ones &* 0x20) | word) & highs != 0 { break }
      offset &+= 8
    }
    while offset < end {
      let byte = bytes.byte(at: offset)
      if byte < 0x20 || byte >= 0x80 { return offset }
      offset &+= 1
    }
    return offset
  }

  /// The scalar at an offset and its length in bytes; nil when it is not valid UTF-8.
  ///
  /// Source: Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences".
  package static func scalar(_ bytes: RawSpan, at offset: Int, end: Int) -> (value: UInt32, length: Int)? {
    let first = bytes.byte(at: offset)
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
      let byte = bytes.byte(at: next)
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
