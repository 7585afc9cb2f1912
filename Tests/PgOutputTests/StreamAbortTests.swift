// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let streamAbort = Sample(
    "Stream Abort", Wire("A").u32(1).u32(2), .streamAbort(StreamAbort(xid: 1, subtransaction: 2, abort: nil)))
  static let parallelStreamAbort = Sample(
    "Stream Abort with position and time", Wire("A").u32(1).u32(2).u64(3).i64(4),
    .streamAbort(
      StreamAbort(
        xid: 1, subtransaction: 2, abort: .init(lsn: LSN(rawValue: 3), time: PostgresTimestamp(rawValue: 4)))),
    shorterForms: [9])
}

@Suite struct StreamAbortTests {
  @Test func `transaction and subtransaction`() throws {
    #expect(try Sample.streamAbort.decode() == Sample.streamAbort.expected)
  }

  @Test func `with streaming parallel also position and time`() throws {
    #expect(try Sample.parallelStreamAbort.decode() == Sample.parallelStreamAbort.expected)
  }

  @Test(arguments: 1..<16)
  func `between the two lengths it is neither form`(more: Int) {
    #expect(throws: DecodeError.self) {
      try decode(Sample.streamAbort.bytes + [UInt8](repeating: 0, count: more))
    }
  }
}
