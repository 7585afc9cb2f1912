// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

@Suite struct HexadecimalTests {
  @Test func `digits of either case have a value and nothing else has`() {
    for byte in UInt8.min...UInt8.max {
      #expect(Hexadecimal.value(of: byte) == Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) })
    }
  }

  @Test func `pairs of digits are bytes`() {
    #expect(Hexadecimal.decode("00fFa9".utf8) == [0, 0xFF, 0xA9])
    #expect(Hexadecimal.decode("".utf8) == [])
    #expect(Hexadecimal.percentDecoded("a%0A%fFb".utf8) == [0x61, 0x0A, 0xFF, 0x62])
    for text in ["%", "%0", "%0x", "%+f"] { #expect(Hexadecimal.percentDecoded(text.utf8) == nil) }
    for text in ["0", "0g", "0x00", " 00", "00 ", "0\u{0}"] { #expect(Hexadecimal.decode(text.utf8) == nil, "\(text)") }
  }

  @Test func `numbers have sixteen digits in upper case`() {
    #expect(Hexadecimal.text(0) == "0000000000000000")
    #expect(Hexadecimal.text(0x16_B374_D848) == "00000016B374D848")
    #expect(Hexadecimal.text(.max) == "FFFFFFFFFFFFFFFF")
  }

  @Test func `bytes are written as bytea has them`() {
    let bytes: [UInt8] = [0, 0x0F, 0xF0, 0xAB]
    #expect(bytes.span.bytes.hexadecimalText(0..<4) == "\\x000ff0ab")
    #expect(bytes.span.bytes.hexadecimalText(1..<1) == "\\x")
  }

  @Test func `what is not kept is per cent encoded`() {
    var text: [UInt8] = []
    text.appendPercentEncoded("a b/ü".utf8) { $0 == UInt8(ascii: "a") || $0 == UInt8(ascii: "b") }
    #expect(String(decoding: text, as: UTF8.self) == "a%20b%2F%C3%BC")
  }
}
