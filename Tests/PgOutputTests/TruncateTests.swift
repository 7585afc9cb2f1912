// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let truncates = [
    Sample(
      "Truncate", Wire("T").i32(2).u8(3).u32(10).u32(11),
      .truncate(Truncate(xid: nil, cascade: true, restartIdentity: true, relationIDs: [10, 11]))),
    Sample(
      "Truncate, streamed", Wire("T").u32(9).i32(1).u8(0).u32(10),
      .truncate(Truncate(xid: 9, cascade: false, restartIdentity: false, relationIDs: [10])), isStreamed: true),
  ]
}

@Suite struct TruncateTests {
  @Test(arguments: Sample.truncates)
  func `tables and options`(sample: Sample) throws {
    #expect(try sample.decode() == sample.expected)
  }

  @Test(arguments: [(UInt8(1), true, false), (2, false, true)])
  func `each option by itself`(options: UInt8, cascade: Bool, restart: Bool) throws {
    #expect(
      try decode(HandBuilt.truncate([5], options: options))
        == .truncate(Truncate(xid: nil, cascade: cascade, restartIdentity: restart, relationIDs: [5])))
  }

  @Test(arguments: [2, 0x7FFF_FFFF, -1, .min] as [Int32])
  func `more tables than there are bytes`(count: Int32) {
    #expect(throws: DecodeError(tag: 0x54, offset: 6, reason: .layout(.invalidCount(Int(count))))) {
      try decode(Wire("T").i32(count).u8(0).u32(10).bytes)
    }
  }
}
