// SPDX-License-Identifier: Apache-2.0

import Octets

extension [UInt8] {
  /// Appends the text that stands inside a JSON string's quotes, unescaped; false when a surrogate stands alone.
  ///
  /// The range must have been checked by `JSONScanner`. Source: RFC 8259, section 7.
  package mutating func appendUnescaped(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let plain = offset..<TextScanning.plainEnd(bytes, offset..<range.upperBound)
      guard plain.isEmpty else {
        append(bytes, plain)
        offset = plain.upperBound
        continue
      }
      let byte = bytes.byte(at: offset)
      guard byte == UInt8(ascii: "\\") else {
        append(byte)
        offset += 1
        continue
      }
      let escape = bytes.byte(at: offset + 1)
      offset += 2
      switch escape {
      case UInt8(ascii: "b"): append(0x08)
      case UInt8(ascii: "f"): append(0x0C)
      case UInt8(ascii: "n"): append(0x0A)
      case UInt8(ascii: "r"): append(0x0D)
      case UInt8(ascii: "t"): append(0x09)
      case UInt8(ascii: "u"):
        var scalar = Self.codeUnit(bytes, offset)
        offset += 4
        if (0xD800...0xDBFF).contains(scalar), offset + 6 <= range.upperBound,
          bytes.byte(at: offset) == UInt8(ascii: "\\"), bytes.byte(at: offset + 1) == UInt8(ascii: "u")
        {
          let low = Self.codeUnit(bytes, offset + 2)
          if (0xDC00...0xDFFF).contains(low) {
            scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            offset += 6
          }
        }
        guard let character = UnicodeScalar(scalar) else { return false }
        append(contentsOf: UTF8.encode(character) ?? .init())
      default: append(escape)
      }
    }
    return true
  }

  private static func codeUnit(_ bytes: RawSpan, _ offset: Int) -> UInt32 {
    var unit: UInt32 = 0
    for index in offset..<(offset + 4) { unit = unit << 4 | UInt32(Hexadecimal.value(of: bytes.byte(at: index)) ?? 0) }
    return unit
  }
}
