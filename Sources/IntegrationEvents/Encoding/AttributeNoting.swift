// SPDX-License-Identifier: Apache-2.0

import Octets

/// Writing attributes that are noted beside their event.
extension LineWriter {
  /// Appends an attribute whose name is written as `,"name":"`, with its value and closing quote.
  mutating func appendNoted(
    _ name: [UInt8], _ bytes: RawSpan, _ value: Range<Int>, _ field: EventField,
    _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) {
    let nameStart = count + 2
    append(name)
    let valueStart = count
    try appendAttribute(bytes, value, field)
    attributes.append(
      EncodedAttribute(name: nameStart..<(valueStart - 3), value: valueStart..<(count - 1)))
  }

  /// The same with a name and value of our own.
  @inline(never)
  func appendingNoted(
    _ name: String, _ value: String, _ field: EventField, _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) -> LineWriter {
    var line = self
    let text = Array(value.utf8)
    unsafe try line.appendNoted(
      Array(",\"\(name)\":\"".utf8), text.span.bytes, 0..<text.count, field, &attributes)
    return line
  }

  /// Appends a `dataschema` of our own.
  mutating func appendNoted(_ schema: DataSchema, _ attributes: inout [EncodedAttribute]) {
    let nameStart = count + 2
    append(schema.encoded)
    let nameEnd = nameStart + DataSchema.nameLength
    attributes.append(EncodedAttribute(name: nameStart..<nameEnd, value: (nameEnd + 3)..<(count - 1)))
  }

  /// Appends an attribute from the headers.
  mutating func appendNoted(
    _ header: IntegrationEvent.HeaderAttribute, _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) {
    switch header.value {
    case .boolean(let value):
      let nameStart = count + 2
      // Without the quote at the end of the name.
      append(Array(header.name.encoded.dropLast()))
      let valueStart = count
      append(value ? "true" : "false")
      attributes.append(EncodedAttribute(name: nameStart..<(valueStart - 2), value: valueStart..<(count)))
    case .string(let text):
      let bytes = Array(text.utf8)
      unsafe try appendNoted(
        header.name.encoded, bytes.span.bytes, 0..<bytes.count, .headers, &attributes)
    }
  }
}
