// SPDX-License-Identifier: Apache-2.0

import Octets

/// A table of names and values, as far as anything of it is read. Source: AMQP 0-9-1, section 4.2.5.5, with the tags that RabbitMQ
/// uses ("AMQP 0-9-1 Errata", section 3).
struct FieldTable: Hashable {
  private(set) var flags: [String: Bool] = [:]
  private(set) var texts: [String: String] = [:]
  private(set) var tables: [String: FieldTable] = [:]

  /// Tables in tables are followed so far and no further.
  private static let deepest = 8

  init() {}

  /// Takes a table off the front.
  init(from bytes: inout RawSpan) throws(LayoutError) { try self.init(from: &bytes, depth: 0) }

  private init(from bytes: inout RawSpan, depth: Int) throws(LayoutError) {
    let count = try bytes.readLength()
    var rest = bytes.extracting(0..<count)
    try bytes.skip(count)
    while !rest.isEmpty {
      let name = try rest.readShortString()
      let tag = try rest.readByte()
      switch tag {
      case UInt8(ascii: "t"): flags[name] = try rest.readByte() != 0
      case UInt8(ascii: "S"):
        texts[name] = try rest.readLongString()
      case UInt8(ascii: "F") where depth < Self.deepest:
        tables[name] = try FieldTable(from: &rest, depth: depth + 1)
      default: try Self.skip(tag, &rest)
      }
    }
  }

  private static func skip(_ tag: UInt8, _ bytes: inout RawSpan) throws(LayoutError) {
    switch tag {
    case UInt8(ascii: "b"), UInt8(ascii: "B"): try bytes.skip(1)
    case UInt8(ascii: "s"), UInt8(ascii: "u"), UInt8(ascii: "U"): try bytes.skip(2)
    case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): try bytes.skip(4)
    case UInt8(ascii: "D"): try bytes.skip(5)
    case UInt8(ascii: "L"), UInt8(ascii: "l"), UInt8(ascii: "d"), UInt8(ascii: "T"): try bytes.skip(8)
    case UInt8(ascii: "V"): break
    // What is inside tells nothing here, so nobody goes there.
    case UInt8(ascii: "x"), UInt8(ascii: "A"), UInt8(ascii: "F"): try bytes.skip(try bytes.readLength())
    default: throw .unexpectedTag(tag, expected: "a field's")
    }
  }
}

extension RawSpan {
  /// Takes the length of what follows, which is there.
  mutating func readLength() throws(LayoutError) -> Int {
    let count = Int(try readInteger(UInt32.self))
    guard count <= byteCount else { throw .truncated(needed: count, available: byteCount) }
    return count
  }

  /// Takes a string with a long length; what is not UTF-8 in it is replaced.
  mutating func readLongString() throws(LayoutError) -> String {
    let count = try readLength()
    let text = text(0..<count)
    try skip(count)
    return text
  }

  /// Takes a string of up to 255 bytes; what is not UTF-8 in it is replaced.
  mutating func readShortString() throws(LayoutError) -> String {
    let count = Int(try readByte())
    guard count <= byteCount else { throw .truncated(needed: count, available: byteCount) }
    let text = text(0..<count)
    try skip(count)
    return text
  }
}
