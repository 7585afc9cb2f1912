// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// Writes Protobuf's binary form. Source: Protocol Buffers, "Encoding".
struct ProtobufOutput {
  private(set) var bytes: [UInt8]

  init(_ bytes: consuming [UInt8]) { self.bytes = bytes }

  var count: Int { bytes.count }

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func tag(_ number: Int, _ wireType: UInt64) { varint(UInt64(number) << 3 | wireType) }

  /// The lowest bytes, the first lowest.
  mutating func fixed(_ value: UInt64, _ count: UInt64) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (index * 8))) }
  }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  /// The text within a JSON string's quotes; false when half a surrogate pair stands alone.
  mutating func appendUnescaped(_ text: RawSpan, _ range: Range<Int>) -> Bool { bytes.appendUnescaped(text, range) }

  /// Begins what has its length in front of it; the place is for ``close(_:)``.
  mutating func open() -> Int {
    bytes.append(0)
    return bytes.count
  }

  /// Writes the length of what was begun.
  mutating func close(_ start: Int) {
    var size = UInt64(bytes.count - start)
    var more = 0
    while size >> (7 * UInt64(more + 1)) > 0 { more += 1 }
    if more > 0 { bytes.insert(contentsOf: repeatElement(0, count: more), at: start) }
    for index in 0..<more {
      bytes[start - 1 + index] = UInt8(truncatingIfNeeded: size) | 0x80
      size >>= 7
    }
    bytes[start - 1 + more] = UInt8(size)
  }

  /// Takes back all from a place on, where what was written from another is zero or empty.
  mutating func takeBack(to start: Int, ifZeroFrom content: Int) {
    guard bytes[content...].allSatisfy({ $0 == 0 }) else { return }
    bytes.removeLast(bytes.count - start)
  }

  mutating func truncate(_ count: Int) { bytes.removeLast(bytes.count - count) }
}
