// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let begin = Sample(
    "Begin", Wire("B").u64(0x0102_0304_0506_0708).i64(-5).u32(0xFFFF_FFFF),
    .begin(
      Begin(
        finalLSN: LSN(rawValue: 0x0102_0304_0506_0708), commitTime: PostgresTimestamp(rawValue: -5), xid: .max)))
}

@Suite struct BeginTests {
  @Test func `position, time and transaction`() throws {
    #expect(try Sample.begin.decode() == Sample.begin.expected)
  }
}
