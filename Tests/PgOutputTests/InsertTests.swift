// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  private static func insert(_ xid: UInt32?) -> Sample {
    let start = xid == nil ? 8 : 12
    return Sample(
      xid == nil ? "Insert" : "Insert, streamed",
      Wire("I").streamed(xid).u32(16_384).raw(Array("N".utf8)).tuple(["a", nil, .unchanged, "", .binary([0, 255])]),
      .insert(
        Insert(xid: xid, relationID: 16_384, new: Tuple(columnCount: 5, range: start..<(start + 20), hasBinary: true))),
      isStreamed: xid != nil)
  }

  static let inserts = [insert(nil), insert(7)]
}

@Suite struct InsertTests {
  @Test(arguments: Sample.inserts)
  func `table and row`(sample: Sample) throws {
    #expect(try sample.decode() == sample.expected)
  }

  @Test(arguments: ["K", "O", "n", "\0"])
  func `a row that is not new`(tag: String) {
    #expect(throws: DecodeError.self) { try decode(Wire("I").u32(1).raw(Array(tag.utf8)).tuple([]).bytes) }
  }
}
