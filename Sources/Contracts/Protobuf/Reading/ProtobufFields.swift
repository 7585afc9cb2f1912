// SPDX-License-Identifier: Apache-2.0

/// Goes through the fields of one message in Protobuf's binary form.
///
/// Source: Protocol Buffers, "Encoding". Nothing is believed of a length or a count before it is held against the bytes that
/// are there.
struct ProtobufFields {
  /// What a field holds, as far as the binary form tells.
  enum Value {
    case number(UInt64)
    case bytes(Range<Int>)
    /// Of a wire type that no descriptor has.
    case other
  }

  /// Groups within each other that are gone over.
  private static let deepestGroup = 32

  private let text: [UInt8]
  private var offset: Int
  private let end: Int

  /// - Parameters:
  ///   - text: All bytes.
  ///   - range: Where the message is among them.
  init(_ text: [UInt8], _ range: Range<Int>) {
    (self.text, offset, end) = (text, range.lowerBound, min(range.upperBound, text.count))
  }

  /// The next field; nil behind the last.
  mutating func next() throws(SchemaFault) -> (number: Int, value: Value)? {
    guard offset < end else { return nil }
    let tag = try tag()
    switch tag.wireType {
    case 0: return (tag.number, .number(try varint()))
    case 2: return (tag.number, .bytes(try skip(try varint())))
    case 3:
      try skipGroup(tag.number)
      return (tag.number, .other)
    case 1, 5:
      _ = try skip(tag.wireType == 1 ? 8 : 4)
      return (tag.number, .other)
    default: throw fault("there is no wire type \(tag.wireType)")
    }
  }

  private mutating func tag() throws(SchemaFault) -> (number: Int, wireType: UInt8) {
    let tag = try varint()
    guard tag <= UInt64(UInt32.max), tag >= 8 else { throw fault("there is no field of that number") }
    return (Int(tag >> 3), UInt8(tag & 7))
  }

  private mutating func varint() throws(SchemaFault) -> UInt64 {
    var (value, shift): (UInt64, UInt64) = (0, 0)
    while offset < end {
      let byte = text[offset]
      offset += 1
      guard shift < 63 || byte <= 1 else { throw fault("a number has more than 64 bits") }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw fault("it ends within a number")
  }

  /// Goes over bytes that must be there.
  private mutating func skip(_ count: UInt64) throws(SchemaFault) -> Range<Int> {
    guard count <= UInt64(end - offset) else { throw fault("it ends within a field") }
    let start = offset
    offset += Int(count)
    return start..<offset
  }

  private mutating func skipGroup(_ number: Int) throws(SchemaFault) {
    var open = [number]
    while let innermost = open.last {
      let tag = try tag()
      switch tag.wireType {
      case 0: _ = try varint()
      case 1: _ = try skip(8)
      case 2: _ = try skip(try varint())
      case 3:
        guard open.count < Self.deepestGroup else { throw fault("too many groups lie within each other") }
        open.append(tag.number)
      case 4:
        guard tag.number == innermost else { throw fault("a group ends that has not begun") }
        open.removeLast()
      case 5: _ = try skip(4)
      default: throw fault("there is no wire type \(tag.wireType)")
      }
    }
  }

  private func fault(_ problem: String) -> SchemaFault {
    SchemaFault(
      "", "this is no descriptor set: before byte \(offset), \(problem)", advice: ProtobufReading.makeIt)
  }
}
