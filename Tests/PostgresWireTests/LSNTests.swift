// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@Suite struct LSNTests {
  @Test func `two hexadecimal halves are one byte offset`() {
    #expect(LSN("16/B374D848") == LSN(rawValue: 97_500_059_720))
    #expect(LSN(rawValue: 97_500_059_720).description == "16/B374D848")
  }

  @Test(arguments: [
    ("0/0", UInt64(0)), ("0/1", 1), ("1/0", 1 << 32), ("0/FFFFFFFF", 0xFFFF_FFFF), ("FFFFFFFF/FFFFFFFF", .max),
    ("A/BC", 0xA_0000_00BC),
  ])
  func `text and number agree in both directions`(text: String, number: UInt64) {
    #expect(LSN(text) == LSN(rawValue: number))
    #expect(LSN(rawValue: number).description == text)
  }

  @Test func `lower case and leading zeros are read`() {
    #expect(LSN("0016/b374d848") == LSN(rawValue: 97_500_059_720))
    #expect(LSN("00000000/00000001") == LSN(rawValue: 1))
  }

  @Test(arguments: [
    "", "/", "0", "0/", "/0", "0/0/0", "+1/0", "-1/0", "0/+1", "0/-1", " 0/0", "0/0 ", "0 /0", "0/ 0", "000000000/0",
    "0/000000001", "G/0", "0/G", "0x1/0", "0/0\n", "0\\0", "１/0", "0/٣",
  ])
  func `anything else is refused`(text: String) {
    #expect(LSN(text) == nil)
  }

  @Test func `order is that of the log`() {
    #expect(LSN.zero < LSN(rawValue: 1))
    #expect(LSN(rawValue: 0xFFFF_FFFF) < LSN(rawValue: 0x1_0000_0000))
    #expect(LSN(rawValue: .max) > LSN(rawValue: 1 << 63))
  }
}
