// SPDX-License-Identifier: Apache-2.0

import Contracts
import IntegrationEvents

/// Input: two descriptor sets, each behind its length in two bytes, and data. Whatever they are, the sets are read or refused,
/// compared in each way, and the data is checked and written by both; a set is the same as itself and reads itself, and what is no JSON matches
/// none.
@_cdecl("LLVMFuzzerTestOneInput")
public func describe(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var rest = Array(UnsafeBufferPointer(start: start, count: count))[...]
  var schemas: [ProtobufSchema] = []
  for _ in 0..<2 {
    guard rest.count >= 2 else { break }
    let size = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
    let set = Array(rest.dropFirst(2).prefix(size))
    rest = rest.dropFirst(2 + size)
    // The message is found by its name, or it is the only one.
    if let schema = try? ProtobufSchema(set, type: "x.Placed") { schemas.append(schema) }
  }
  let data = Array(rest)
  for schema in schemas { check(schema, data) }
  guard let one = schemas.first, let two = schemas.last else { return 0 }
  for rules in ProtobufRules.allCases {
    precondition(one.judged(reading: one, rules: rules).isEmpty, "it does not read itself")
    _ = one.judged(reading: two, rules: rules)
    _ = two.judged(reading: one, rules: rules)
  }
  return 0
}

private func check(_ schema: ProtobufSchema, _ data: [UInt8]) {
  precondition(schema.isSame(as: schema), "another than itself")
  _ = schema.largest
  guard let validator = try? schema.validator() else { return }
  let isJSON = (try? JSONScanner.validate(data.span.bytes, 0..<data.count)) != nil
  let found = validator.mismatch(in: data.span.bytes, 0..<data.count)
  precondition(isJSON || found != nil, "what is no JSON matches")
  var encoded: [UInt8] = [1]
  let refused = ProtobufEncoder(schema).append(data.span.bytes, 0..<data.count, to: &encoded)
  precondition(
    refused == found && encoded.first == 1 && (found == nil || encoded.count == 1), "what matches is written, no more")
  if let acceptor = validator.acceptor(), acceptor.accepts(data.span.bytes, 0..<data.count) {
    precondition(found == nil, "accepted at first sight, and no match")
  }
}
