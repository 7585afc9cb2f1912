// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let logicalMessages = [
    Sample(
      "Message", Wire("M").u8(1).u64(0x99).string("outbox").i32(3).raw([0, 255, 0]),
      .logicalMessage(
        LogicalMessage(xid: nil, isTransactional: true, lsn: LSN(rawValue: 0x99), prefix: "outbox", content: 21..<24))),
    Sample(
      "Message, streamed and empty", Wire("M").u32(2).u8(0).u64(0x99).string("").i32(0),
      .logicalMessage(
        LogicalMessage(xid: 2, isTransactional: false, lsn: LSN(rawValue: 0x99), prefix: "", content: 19..<19)),
      isStreamed: true),
  ]
}

@Suite struct LogicalMessageTests {
  @Test(arguments: Sample.logicalMessages)
  func `flag, position, prefix and content`(sample: Sample) throws {
    #expect(try sample.decode() == sample.expected)
  }

  @Test(arguments: [3, 0x7FFF_FFFF, -1, .min] as [Int32])
  func `content longer than the message`(length: Int32) {
    #expect(throws: DecodeError(tag: 0x4D, offset: 16, reason: .layout(.invalidCount(Int(length))))) {
      try decode(Wire("M").u8(1).u64(1).string("p").i32(length).raw([1, 2]).bytes)
    }
  }

  @Test func `a prefix that is not UTF-8`() {
    #expect(throws: DecodeError(tag: 0x4D, offset: 10, reason: .layout(.invalidUTF8))) {
      try decode(Wire("M").u8(1).u64(1).raw([0xFE, 0]).i32(0).bytes)
    }
  }
}
