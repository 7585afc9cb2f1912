// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let commit = Sample(
    "Commit", Wire("C").u8(3).u64(100).u64(200).i64(300),
    .commit(
      Commit(
        flags: 3, commitLSN: LSN(rawValue: 100), endLSN: LSN(rawValue: 200),
        commitTime: PostgresTimestamp(rawValue: 300))))
}

@Suite struct CommitTests {
  @Test func `flags, start, end and time`() throws {
    #expect(try Sample.commit.decode() == Sample.commit.expected)
  }
}
