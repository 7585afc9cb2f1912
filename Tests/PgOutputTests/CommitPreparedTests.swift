// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let commitPrepared = Sample(
    "Commit Prepared", Wire("K").u8(1).u64(2).u64(3).i64(4).u32(5).string(""),
    .commitPrepared(
      CommitPrepared(
        commit: Commit(
          flags: 1, commitLSN: LSN(rawValue: 2), endLSN: LSN(rawValue: 3), commitTime: PostgresTimestamp(rawValue: 4)),
        xid: 5, globalID: "")))
}

@Suite struct CommitPreparedTests {
  @Test func `the commit, the transaction and the name`() throws {
    #expect(try Sample.commitPrepared.decode() == Sample.commitPrepared.expected)
  }
}
