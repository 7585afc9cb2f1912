// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

@Suite struct Base64Tests {
  /// RFC 4648, section 10, and bytes that need the last two digits.
  static let vectors: [(plain: [UInt8], text: String)] =
    [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ]
    .map { (Array($0.0.utf8), $0.1) } + [([0xFB, 0xEF, 0xBE], "++++"), ([0xFF, 0xFF, 0xFF], "////")]

  @Test(arguments: vectors)
  func `bytes are written and read as the standard has it`(plain: [UInt8], text: String) {
    #expect(Base64.encode(plain) == text)
    #expect(Base64.decode(text.utf8) == plain)
  }

  @Test(
    arguments: [
      "A", "AA", "AAA", "=", "==", "====", "A===", "Zg=", "Zg==x", "Zg==Zg==", "Z=g=", "Zm9v!", "Zm9 v", "Zm9v\n",
      "Zm-_",
      "Zh==", "Zm9=", "ZmZ=", "Zm9vYg", "Zm9vYg===", "Ж4==",
    ])
  func `what is no base64 is refused`(text: String) {
    #expect(Base64.decode(text.utf8) == nil)
  }

  @Test func `every length comes back`() {
    for length in 0..<100 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
      #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
    }
  }
}
