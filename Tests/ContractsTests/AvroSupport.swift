// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Contracts

extension AvroSchema {
  init(text: String) throws { self = try AvroSchema(SchemaDocument(Array(text.utf8))) }
}

/// The fault of a schema; nil when it has none.
func avroFault(_ text: String) -> SchemaFault? {
  do {
    _ = try AvroSchema(text: text)
    return nil
  } catch {
    return error as? SchemaFault
  }
}

func avroObstacles(_ reader: String, reading writer: String) throws -> [Obstacle] {
  try AvroSchema(text: reader).obstacles(reading: AvroSchema(text: writer))
}

extension PayloadValidator {
  /// What does not match in a text that has something around it in memory.
  func mismatch(_ text: String) -> Mismatch? { mismatch(Array(text.utf8)) }

  func mismatch(_ text: [UInt8]) -> Mismatch? {
    let bytes = [0x22, 0x5D] + text + [0x7D, 0x2C]
    return mismatch(in: bytes.span.bytes, 2..<(2 + text.count))
  }
}
