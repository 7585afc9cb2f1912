// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets
import Testing

/// What the standards print is what is computed.
@Suite struct SHA256Tests {
  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for byte in bytes { text.appendHexadecimal(byte) }
    return String(decoding: text, as: UTF8.self)
  }

  /// Source: NIST, "Cryptographic Standards and Guidelines: examples with intermediate values", SHA-256.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `digests are those of the standard`(_ text: String, _ expected: String) throws {
    #expect(Self.hexadecimal(try SHA256.digest(Array(text.utf8))) == expected)
  }

  /// Source: RFC 4231, section 4, test cases 1 to 4, 6 and 7.
  @Test(arguments: [
    (
      [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      [UInt8](1...25), [UInt8](repeating: 0xCD, count: 50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131),
      Array(
        "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm."
          .utf8),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ])
  func `codes are those of the standard`(_ key: [UInt8], _ message: [UInt8], _ expected: String) throws {
    #expect(Self.hexadecimal(try SHA256.authenticationCode(message, key: key)) == expected)
  }

  /// libcrypto takes a missing key for that of the call before.
  @Test func `an empty key is a key, and an empty message a message`() throws {
    let empty = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
    _ = try SHA256.authenticationCode(Array("before".utf8), key: Array("another".utf8))
    #expect(Self.hexadecimal(try SHA256.authenticationCode([], key: [])) == empty)
  }

  @Test func `the library says which it is`() {
    #expect(SHA256.library.hasPrefix("OpenSSL "))
  }
}
