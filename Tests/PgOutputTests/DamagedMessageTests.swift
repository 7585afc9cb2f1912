// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import TestStream
import Testing

@testable import PgOutput

/// What must hold for every kind of message.
@Suite struct DamagedMessageTests {
  @Test(arguments: Sample.all)
  func `cut at every byte`(sample: Sample) {
    for count in 0..<sample.bytes.count where !sample.shorterForms.contains(count) {
      let error = #expect(throws: DecodeError.self, "\(count) bytes") {
        try sample.decode(Array(sample.bytes[..<count]))
      }
      #expect(error?.tag == (count == 0 ? nil : sample.bytes[0]))
      #expect(error?.offset ?? .max <= count)
    }
  }

  @Test(arguments: Sample.all.filter { $0.name != "Stream Abort" })
  func `one byte left over`(sample: Sample) {
    #expect(
      throws: DecodeError(tag: sample.bytes[0], offset: sample.bytes.count, reason: .layout(.bytesLeftOver(1)))
    ) { try sample.decode(sample.bytes + [0]) }
  }

  @Test func `every tag of the protocol has a sample`() {
    #expect(Set(Sample.all.map { $0.bytes[0] }) == Set("BCORYIUDTMSEcAbPKrp".utf8))
  }

  @Test(arguments: (0...255 as ClosedRange<UInt8>).filter { !"BCORYIUDTMSEcAbPKrp".utf8.contains($0) })
  func `a tag that no version of the protocol has`(tag: UInt8) {
    #expect(
      throws: DecodeError(tag: tag, offset: 1, reason: .layout(.unexpectedTag(tag, expected: "a pgoutput message")))
    ) { try decode([tag, 0, 0, 0, 0, 0, 0, 0, 0]) }
  }

  @Test func `an empty message`() {
    let error = DecodeError(tag: nil, offset: 0, reason: .layout(.truncated(needed: 1, available: 0)))
    #expect(throws: error) { try decode([]) }
    #expect(error.description == "pgoutput message empty, byte 0: needs 1 more bytes but only 0 are left")
  }

  @Test func `an error says which message, where, and what`() {
    let error = DecodeError(tag: 0x49, offset: 9, reason: .layout(.unterminatedString))
    #expect(error.description == "pgoutput message 'I', byte 9: string without a terminating NUL")
  }
}
