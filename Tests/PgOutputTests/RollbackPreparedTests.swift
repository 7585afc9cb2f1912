// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let rollbackPrepared = Sample(
    "Rollback Prepared", Wire("r").u8(1).u64(2).u64(3).i64(4).i64(5).u32(6).string("gone"),
    .rollbackPrepared(
      RollbackPrepared(
        flags: 1, prepareEndLSN: LSN(rawValue: 2), rollbackEndLSN: LSN(rawValue: 3),
        prepareTime: PostgresTimestamp(rawValue: 4), rollbackTime: PostgresTimestamp(rawValue: 5), xid: 6,
        globalID: "gone")))
}

@Suite struct RollbackPreparedTests {
  @Test func `positions, times, transaction and name`() throws {
    #expect(try Sample.rollbackPrepared.decode() == Sample.rollbackPrepared.expected)
  }
}
