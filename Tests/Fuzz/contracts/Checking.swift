// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

@testable import Contracts

/// Input: a byte that says which format, and a schema, another schema and data, with a zero byte between them. Whatever they are,
/// the schemas are read or refused, compared, and the data is checked by both, and by those of Avro written; a schema is the same as itself, and what is no
/// JSON matches none, nor is it accepted at first sight.
@_cdecl("LLVMFuzzerTestOneInput")
public func check(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let format = input.first else { return 0 }
  let parts = input.dropFirst().split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init)
  if format % 2 == 0 { check(parts, AvroSchema.self) } else { check(parts, JSONSchema.self) }
  return 0
}

private func check<Format: DocumentSchema>(_ parts: [[UInt8]], _ format: Format.Type) {
  let data = parts.count > 2 ? parts[2] : Array(#"{"a":[1,"ä",null,{"b":1.5e3}]}"#.utf8)
  let isJSON = (try? JSONScanner.validate(data.span.bytes, 0..<data.count)) != nil
  var schemas: [Format] = []
  for part in parts.prefix(2) {
    guard let document = try? SchemaDocument(part), let schema = try? Format(document) else { continue }
    precondition(schema.isSame(as: schema), "another than itself")
    _ = schema.remarks
    if let validator = try? schema.validator() {
      let found = validator.mismatch(in: data.span.bytes, 0..<data.count)
      precondition(isJSON || found != nil, "what is no JSON matches")
      precondition(validator.mismatch(in: data.span.bytes, 0..<data.count) == found, "another answer")
      if let acceptor = validator.acceptor(), acceptor.accepts(data.span.bytes, 0..<data.count) {
        precondition(found == nil, "accepted at first sight, and no match")
      }
      if let schema = schema as? AvroSchema { write(data, schema, found) }
    }
    schemas.append(schema)
  }
  guard let one = schemas.first, let two = schemas.last else { return }
  _ = one.obstacles(reading: two)
  _ = two.obstacles(reading: one)
}

/// What is written matches, and can be read; what is not written leaves no byte behind.
private func write(_ data: [UInt8], _ schema: AvroSchema, _ found: Mismatch?) {
  guard let encoder = try? AvroEncoder(schema) else { return }
  var written: [UInt8] = [1]
  let refused = encoder.append(data.span.bytes, 0..<data.count, to: &written)
  if let refused {
    precondition(written == [1], "something of what is refused is written")
    precondition(found == nil || refused == found, "another refusal")
    precondition(refused.rule != AvroWriting.Trouble.other.words, "what matches is not written, and nobody says why")
    return
  }
  precondition(found == nil, "what does not match is written")
  var slowly: [UInt8] = [1]
  precondition(encoder.appendSlowly(data.span.bytes, 0..<data.count, to: &slowly) == nil, "written only at once")
  precondition(slowly == written, "written in another way at once")
  var reading = BinaryReading(schema, Array(written.dropFirst()))
  precondition(reading.isWhole(), "what is written cannot be read")
  let acceptor = Acceptor(schema, isExact: true)
  if acceptor.accepts(data.span.bytes, 0..<data.count) { precondition(found == nil, "accepted, and no match") }
}
