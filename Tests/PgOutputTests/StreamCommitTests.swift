// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let streamCommit = Sample(
    "Stream Commit", Wire("c").u32(1).u8(2).u64(3).u64(4).i64(5),
    .streamCommit(
      StreamCommit(
        xid: 1,
        commit: Commit(
          flags: 2, commitLSN: LSN(rawValue: 3), endLSN: LSN(rawValue: 4), commitTime: PostgresTimestamp(rawValue: 5))))
  )
}

@Suite struct StreamCommitTests {
  @Test func `the transaction and its commit`() throws {
    #expect(try Sample.streamCommit.decode() == Sample.streamCommit.expected)
  }
}
