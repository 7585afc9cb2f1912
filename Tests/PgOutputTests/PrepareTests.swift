// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  private static let body = Prepare(
    flags: 9, prepareLSN: LSN(rawValue: 1), endLSN: LSN(rawValue: 2), prepareTime: PostgresTimestamp(rawValue: 3),
    xid: 4, globalID: "gid")

  static let prepare = Sample("Prepare", Wire("P").u8(9).u64(1).u64(2).i64(3).u32(4).string("gid"), .prepare(body))
  static let streamPrepare = Sample(
    "Stream Prepare", Wire("p").u8(9).u64(1).u64(2).i64(3).u32(4).string("gid"), .streamPrepare(body))
}

@Suite struct PrepareTests {
  @Test(arguments: [Sample.prepare, .streamPrepare])
  func `flags, positions, time, transaction and name`(sample: Sample) throws {
    #expect(try sample.decode() == sample.expected)
  }
}
