// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let types = [
    Sample(
      "Type", Wire("Y").u32(16_400).string("public").string("status"),
      .type(TypeName(xid: nil, id: 16_400, namespace: "public", name: "status"))),
    Sample(
      "Type, streamed", Wire("Y").u32(6).u32(16_400).string("").string("status"),
      .type(TypeName(xid: 6, id: 16_400, namespace: "", name: "status")), isStreamed: true),
  ]
}

@Suite struct TypeNameTests {
  @Test(arguments: Sample.types)
  func `identifier, schema and name`(sample: Sample) throws {
    #expect(try sample.decode() == sample.expected)
  }
}
