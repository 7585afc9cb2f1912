// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets
import Testing

@testable import NATSDelivery

/// Files that prove who we are.
@Suite struct CredentialsTests {
  // Made for these tests with the seed of RFC 8032, section 7.1, test 1, which everybody knows.
  private static let seedBytes =
    Hexadecimal.decode(
      Array("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60".utf8)) ?? []

  /// The seed's text: two bytes of what it is, and two that prove it.
  private static func text(_ bytes: [UInt8]) -> String {
    var sum: UInt16 = 0
    for byte in bytes {
      sum ^= UInt16(byte) << 8
      for _ in 0..<8 { sum = sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
    }
    return Base32.encode(bytes + [UInt8(truncatingIfNeeded: sum), UInt8(sum >> 8)])
  }

  private static let seed = text([0x90 | 0xA0 >> 5, (0xA0 & 31) << 3] + seedBytes)

  @Test func `a signature is the one that RFC 8032 has`() throws {
    let key = try #require(
      Ed25519Key(
        seed: Hexadecimal.decode(Array("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60".utf8)) ?? []))
    #expect(
      try key.publicKey()
        == Hexadecimal.decode(Array("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a".utf8)))
    #expect(
      try key.signature(of: [])
        == Hexadecimal.decode(
          Array(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
              .utf8)))
    #expect(Ed25519Key(seed: [1, 2]) == nil)
  }

  @Test func `a file has a seed, and a JWT where there is an operator`() throws {
    #expect(Self.seed.hasPrefix("SU"))
    let whole = """
      -----BEGIN NATS USER JWT-----
      eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiJVIn0.c2ln
      ------END NATS USER JWT------

      ************************* IMPORTANT *************************
      NKEY Seed printed below can be used to sign and prove identity.

      -----BEGIN USER NKEY SEED-----
      \(Self.seed)
      ------END USER NKEY SEED------
      """
    let credentials = try NATSCredentials(whole)
    #expect(credentials.token == "eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiJVIn0.c2ln")
    #expect(try credentials.publicKey().hasPrefix("U") && credentials.publicKey().utf8.count == 56)
    let signature = try credentials.signature(of: "")
    #expect(signature.utf8.count == 86 && !signature.contains { "+/=".contains($0) })
    #expect(try NATSCredentials(Self.seed + "\n").token == nil)
  }

  @Test func `a seed that is none, or another's, is refused without its words`() {
    let broken = Self.seed.dropLast() + (Self.seed.hasSuffix("A") ? "B" : "A")
    let account = Self.text([0x90, 0] + Self.seedBytes)
    for text in ["", "hello", String(broken), account, "SU", String(repeating: "SUAA", count: 20)] {
      let problem = #expect(throws: (any Error).self) { try NATSCredentials(text) }
      #expect(text.isEmpty || !"\(problem.map { "\($0)" } ?? "")".contains(text.prefix(20)) || text == "SU")
    }
  }

  @Test func `Base32 comes back as it was`() {
    for count in 0..<40 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
      #expect(Base32.decode(Base32.encode(bytes).utf8) == bytes)
    }
    #expect(Base32.decode("a".utf8) == nil && Base32.decode("A1".utf8) == nil && Base32.decode("AB".utf8) == nil)
  }
}
