// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  static let origin = Sample(
    "Origin", Wire("O").u64(0xABCD_EF01).string("upstream ü"),
    .origin(Origin(commitLSN: LSN(rawValue: 0xABCD_EF01), name: "upstream ü")))
}

@Suite struct OriginTests {
  @Test func `position at the origin and its name`() throws {
    #expect(try Sample.origin.decode() == Sample.origin.expected)
  }

  @Test func `a name that is not UTF-8`() {
    #expect(throws: DecodeError(tag: 0x4F, offset: 9, reason: .layout(.invalidUTF8))) {
      try decode(Wire("O").u64(1).raw([0xC3, 0x28, 0]).bytes)
    }
  }
}
