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
