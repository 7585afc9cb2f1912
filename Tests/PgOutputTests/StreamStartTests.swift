// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let streamStart = Sample(
    "Stream Start", Wire("S").u32(8).u8(1), .streamStart(StreamStart(xid: 8, isFirstSegment: true)))
  static let streamStop = Sample("Stream Stop", Wire("E"), .streamStop)
}

@Suite struct StreamStartTests {
  @Test func `the first block`() throws {
    #expect(try Sample.streamStart.decode() == Sample.streamStart.expected)
  }

  @Test func `a later block`() throws {
    #expect(try decode(Wire("S").u32(8).u8(0).bytes) == .streamStart(StreamStart(xid: 8, isFirstSegment: false)))
  }

  @Test func `stop is the tag alone`() throws {
    #expect(try Sample.streamStop.decode() == .streamStop)
  }

  @Test func `rows carry a transaction from start to stop only`() throws {
    let streamed = HandBuilt.insert(1, [], xid: 9)
    let plain = HandBuilt.insert(1, [])
    #expect(throws: Never.self) { try decode(HandBuilt.streamStart(8), streamed) }
    #expect(throws: Never.self) { try decode(HandBuilt.streamStart(8), HandBuilt.streamStop, plain) }
    #expect(throws: DecodeError.self) { try decode(HandBuilt.streamStart(8), plain) }
    #expect(throws: DecodeError.self) { try decode(HandBuilt.streamStart(8), HandBuilt.streamStop, streamed) }
  }
}
