// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let beginPrepare = Sample(
    "Begin Prepare", Wire("b").u64(1).u64(2).i64(3).u32(4).string("it's \"ü\""),
    .beginPrepare(
      BeginPrepare(
        prepareLSN: LSN(rawValue: 1), endLSN: LSN(rawValue: 2), prepareTime: PostgresTimestamp(rawValue: 3), xid: 4,
        globalID: "it's \"ü\"")))
}

@Suite struct BeginPrepareTests {
  @Test func `positions, time, transaction and name`() throws {
    #expect(try Sample.beginPrepare.decode() == Sample.beginPrepare.expected)
  }

  @Test func `a name that is not UTF-8`() {
    #expect(throws: DecodeError(tag: 0x62, offset: 29, reason: .layout(.invalidUTF8))) {
      try decode(Wire("b").u64(1).u64(2).i64(3).u32(4).raw([0xFF, 0]).bytes)
    }
  }
}
