// SPDX-License-Identifier: Apache-2.0

import Octets

/// Reads the characters of a JSON string one by one, with its escapes undone, from behind its opening quote.
struct JSONCharacters {
  /// There are no more: the closing quote has been passed.
  static let end = UInt32.max
  /// What comes is no JSON, no UTF-8 or half a surrogate pair.
  static let invalid = UInt32.max - 1

  private(set) var offset: Int

  init(_ offset: Int) { self.offset = offset }

  /// The next character, or one of those above.
  @inline(__always)
  mutating func next(_ bytes: RawSpan, _ limit: Int) -> UInt32 {
    guard offset < limit else { return Self.invalid }
    let byte = bytes.byte(at: offset)
    guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else {
      return special(bytes, limit)
    }
    offset += 1
    return UInt32(byte)
  }

  private mutating func special(_ bytes: RawSpan, _ limit: Int) -> UInt32 {
    switch bytes.byte(at: offset) {
    case UInt8(ascii: "\""):
      offset += 1
      return Self.end
    case UInt8(ascii: "\\"): return escape(bytes, limit)
    case 0..<0x20: return Self.invalid
    default: return beyondASCII(bytes, limit)
    }
  }

  /// Source: Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences".
  private mutating func beyondASCII(_ bytes: RawSpan, _ limit: Int) -> UInt32 {
    let first = bytes.byte(at: offset)
    let length: Int
    var character: UInt32
    switch first {
    case 0xC2...0xDF: (length, character) = (2, UInt32(first & 0x1F))
    case 0xE0...0xEF: (length, character) = (3, UInt32(first & 0x0F))
    case 0xF0...0xF4: (length, character) = (4, UInt32(first & 0x07))
    default: return Self.invalid
    }
    guard offset + length <= limit else { return Self.invalid }
    for next in (offset + 1)..<(offset + length) {
      let byte = bytes.byte(at: next)
      guard byte & 0xC0 == 0x80 else { return Self.invalid }
      character = character << 6 | UInt32(byte & 0x3F)
    }
    let lowest: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
    guard character >= lowest, UnicodeScalar(character) != nil else { return Self.invalid }
    offset += length
    return character
  }

  private mutating func escape(_ bytes: RawSpan, _ limit: Int) -> UInt32 {
    guard offset + 1 < limit else { return Self.invalid }
    let byte = bytes.byte(at: offset + 1)
    offset += 2
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt32(byte)
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "u"): break
    default: return Self.invalid
    }
    guard let unit = codeUnit(bytes, limit) else { return Self.invalid }
    guard (0xD800...0xDFFF).contains(unit) else { return unit }
    guard unit < 0xDC00, offset + 2 <= limit, bytes.byte(at: offset) == UInt8(ascii: "\\"),
      bytes.byte(at: offset + 1) == UInt8(ascii: "u")
    else { return Self.invalid }
    offset += 2
    guard let low = codeUnit(bytes, limit), (0xDC00...0xDFFF).contains(low) else { return Self.invalid }
    return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
  }

  private mutating func codeUnit(_ bytes: RawSpan, _ limit: Int) -> UInt32? {
    guard offset + 4 <= limit else { return nil }
    var unit: UInt32 = 0
    for index in offset..<(offset + 4) {
      guard let digit = Hexadecimal.value(of: bytes.byte(at: index)) else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    offset += 4
    return unit
  }
}
