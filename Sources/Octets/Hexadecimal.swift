// SPDX-License-Identifier: Apache-2.0

/// Digits to the base of sixteen: written in one case, read in both.
package enum Hexadecimal {
  /// The value of a digit of either case; nil for another byte.
  @inlinable
  package static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x57
    case 0x41...0x46: digit - 0x37
    default: nil
    }
  }

  /// The lower-case digit for a value below 16.
  @inlinable
  package static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 48 : value + 87 }

  /// The upper-case digit for a value below 16.
  @inlinable
  package static func upperDigit(_ value: UInt8) -> UInt8 { value < 10 ? value + 48 : value + 55 }

  /// The bytes that pairs of digits stand for; nil when there is an odd one, or something else among them.
  package static func decode(_ digits: some Collection<UInt8>) -> [UInt8]? {
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    var high: UInt8?
    for digit in digits {
      guard let value = value(of: digit) else { return nil }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return bytes
  }

  /// The bytes of a text in which some stand as a per cent sign and two digits; nil when such a sign has no two behind it.
  package static func percentDecoded(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text.makeIterator()
    while let byte = rest.next() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.next().flatMap(value(of:)), let low = rest.next().flatMap(value(of:)) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  /// The sixteen upper-case digits of a number.
  package static func text(_ number: UInt64) -> String {
    let digits = (0..<16).map { upperDigit(UInt8(truncatingIfNeeded: number >> (60 - 4 * $0)) & 15) }
    return String(decoding: digits, as: UTF8.self)
  }
}

extension [UInt8] {
  /// Appends the two lower-case digits of a byte.
  package mutating func appendHexadecimal(_ byte: UInt8) {
    append(Hexadecimal.digit(byte >> 4))
    append(Hexadecimal.digit(byte & 15))
  }

  /// Appends bytes, those that are not to be kept as a per cent sign and two upper-case digits.
  package mutating func appendPercentEncoded(_ bytes: some Sequence<UInt8>, keeping isKept: (UInt8) -> Bool) {
    for byte in bytes {
      if isKept(byte) {
        append(byte)
      } else {
        append(UInt8(ascii: "%"))
        append(Hexadecimal.upperDigit(byte >> 4))
        append(Hexadecimal.upperDigit(byte & 15))
      }
    }
  }
}

extension RawSpan {
  /// A range in bytea's hexadecimal form, `\x` and two digits a byte.
  package func hexadecimalText(_ range: Range<Int>) -> String {
    var text = Array("\\x".utf8)
    text.reserveCapacity(2 + 2 * range.count)
    for offset in range { text.appendHexadecimal(byte(at: offset)) }
    return String(decoding: text, as: UTF8.self)
  }
}
