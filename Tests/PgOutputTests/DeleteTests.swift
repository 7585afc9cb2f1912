// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let deletes = [
    Sample(
      "Delete by key", Wire("D").u32(1).raw(Array("K".utf8)).tuple(["x", nil]),
      .delete(Delete(xid: nil, relationID: 1, old: .key(Tuple(columnCount: 2, range: 8..<15))))),
    Sample(
      "Delete of a whole row, streamed", Wire("D").u32(4).u32(1).raw(Array("O".utf8)).tuple([]),
      .delete(Delete(xid: 4, relationID: 1, old: .full(Tuple(columnCount: 0, range: 12..<12)))), isStreamed: true),
  ]
}

@Suite struct DeleteTests {
  @Test(arguments: Sample.deletes)
  func `table and old row`(sample: Sample) throws {
    #expect(try sample.decode() == sample.expected)
  }

  @Test func `a new row in place of the old one`() {
    #expect(
      throws: DecodeError(tag: 0x44, offset: 6, reason: .layout(.unexpectedTag(0x4E, expected: "an old tuple K or O")))
    ) { try decode(Wire("D").u32(1).raw(Array("N".utf8)).tuple([]).bytes) }
  }
}
