// SPDX-License-Identifier: Apache-2.0

import Octets

/// Writes Avro's binary form. Source: Avro 1.12, "Binary Encoding".
struct AvroOutput {
  private(set) var bytes: [UInt8]

  init(_ bytes: consuming [UInt8]) { self.bytes = bytes }

  var count: Int { bytes.count }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  mutating func append(contentsOf more: ArraySlice<UInt8>) { bytes.append(contentsOf: more) }

  mutating func append(_ text: RawSpan, _ range: Range<Int>) { bytes.append(text, range) }

  /// An `int` or a `long`: zig-zag, seven bits a byte, the lowest first.
  @inline(__always)
  mutating func long(_ value: Int64) {
    var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// The lowest bytes, the first lowest.
  mutating func fixed(_ value: UInt64, _ count: UInt64) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (index * 8))) }
  }

  /// A character in UTF-8.
  mutating func character(_ character: UInt32) {
    guard character >= 0x80 else { return bytes.append(UInt8(truncatingIfNeeded: character)) }
    guard let scalar = UnicodeScalar(character) else { return }
    bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
  }

  /// Begins what has a number in front of it; the place is for ``close(_:_:)``.
  mutating func open() -> Int {
    bytes.append(0)
    return bytes.count
  }

  /// Writes the number, of bytes or items, before what was begun. Most need the one byte that was left for it.
  mutating func close(_ start: Int, _ number: Int) {
    var rest = UInt64(number) << 1
    guard rest >= 0x80 else { return bytes[start - 1] = UInt8(rest) }
    var more = 0
    while rest >> (7 * UInt64(more + 1)) > 0 { more += 1 }
    bytes.insert(contentsOf: repeatElement(0, count: more), at: start)
    for index in 0..<more {
      bytes[start - 1 + index] = UInt8(truncatingIfNeeded: rest) | 0x80
      rest >>= 7
    }
    bytes[start - 1 + more] = UInt8(rest)
  }

  mutating func truncate(_ count: Int) { bytes.removeLast(bytes.count - count) }

  /// Takes away all from a place on, and gives it.
  mutating func replace(from start: Int, with other: [UInt8]) {
    bytes.replaceSubrange(start..., with: other)
  }
}
