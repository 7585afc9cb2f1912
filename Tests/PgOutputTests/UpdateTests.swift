// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let updates = [
    Sample(
      "Update", Wire("U").u32(1).raw(Array("N".utf8)).tuple(["x"]),
      .update(Update(xid: nil, relationID: 1, old: nil, new: Tuple(columnCount: 1, range: 8..<14)))),
    Sample(
      "Update with key", Wire("U").u32(1).raw(Array("K".utf8)).tuple([nil]).raw(Array("N".utf8)).tuple(["x"]),
      .update(
        Update(
          xid: nil, relationID: 1, old: .key(Tuple(columnCount: 1, range: 8..<9)),
          new: Tuple(columnCount: 1, range: 12..<18)))),
    Sample(
      "Update with old row, streamed",
      Wire("U").u32(3).u32(1).raw(Array("O".utf8)).tuple(["y"]).raw(Array("N".utf8)).tuple([.unchanged]),
      .update(
        Update(
          xid: 3, relationID: 1, old: .full(Tuple(columnCount: 1, range: 12..<18)),
          new: Tuple(columnCount: 1, range: 21..<22))), isStreamed: true),
  ]
}

@Suite struct UpdateTests {
  @Test(arguments: Sample.updates)
  func `table, old row and new row`(sample: Sample) throws {
    #expect(try sample.decode() == sample.expected)
  }

  @Test func `a tuple of no known kind`() {
    let wire = Wire("U").u32(1).raw(Array("X".utf8)).tuple([])
    #expect(
      throws: DecodeError(tag: 0x55, offset: 6, reason: .layout(.unexpectedTag(0x58, expected: "a tuple K, O or N")))
    ) { try decode(wire.bytes) }
  }

  @Test func `an old row without a new one`() {
    let wire = Wire("U").u32(1).raw(Array("K".utf8)).tuple([]).raw(Array("K".utf8)).tuple([])
    #expect(
      throws: DecodeError(tag: 0x55, offset: 9, reason: .layout(.unexpectedTag(0x4B, expected: "a new tuple N")))
    ) { try decode(wire.bytes) }
  }
}
