// SPDX-License-Identifier: Apache-2.0

import Delivery
import Digests
import Octets

/// Who we are, as a server is told. Source: NATS documentation, "Client Protocol", CONNECT.
enum NATSLogin: Hashable, Sendable {
  case nobody
  case password(user: String, String)
  case token(String)
  case key(NATSCredentials)
}

/// What proves who we are by a signature: the seed of a user's NKey, with the JWT that speaks of it where accounts are kept by an
/// operator. Source: NATS documentation, "Credentials files"; the format of NKeys.
struct NATSCredentials: Hashable, Sendable {
  let token: String?
  private let seed: [UInt8]

  private static let wants = "wants a user's JWT and the seed of its NKey (SU…), as `nsc generate creds` writes them"

  /// Reads a file's text.
  init(_ text: String) throws(CredentialFile<NATSCredentials>.Problem) {
    var words = text.split { $0.isWhitespace || $0.isNewline }
    words.removeAll { $0.hasPrefix("-") || $0.hasPrefix("#") }
    guard let seed = words.lazy.compactMap({ Self.seed(of: $0) }).first else { throw .init(Self.wants) }
    let tokens = words.filter { $0.hasPrefix("eyJ") && $0.utf8.contains(UInt8(ascii: ".")) }
    guard tokens.count <= 1 else { throw .init(Self.wants) }
    self.seed = seed
    token = tokens.first.map(String.init)
  }

  /// The public key, as a server knows it: `U…`.
  func publicKey() throws(SHA256.Unavailable) -> String {
    let key = try signer().publicKey()
    let bytes = [Self.userPrefix] + key
    let check = Self.checksum(bytes)
    return Base32.encode(bytes + [UInt8(truncatingIfNeeded: check), UInt8(check >> 8)])
  }

  /// The signature of a server's nonce, in Base64 for addresses, without padding.
  func signature(of nonce: String) throws(SHA256.Unavailable) -> String {
    let text = Base64.encode(try signer().signature(of: Array(nonce.utf8)))
    return String(
      decoding: text.utf8.compactMap { byte -> UInt8? in
        switch byte {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        case UInt8(ascii: "="): nil
        default: byte
        }
      }, as: UTF8.self)
  }

  private func signer() throws(SHA256.Unavailable) -> Ed25519Key {
    guard let key = Ed25519Key(seed: seed) else { throw SHA256.Unavailable() }
    return key
  }

  private static let seedPrefix: UInt8 = 18 << 3
  private static let userPrefix: UInt8 = 20 << 3

  /// The 32 bytes of a user's seed: two of what it is before them, two that prove them behind them.
  private static func seed(of word: Substring) -> [UInt8]? {
    guard word.hasPrefix("SU"), let bytes = Base32.decode(word.utf8), bytes.count == 36 else { return nil }
    let check = UInt16(bytes[34]) | UInt16(bytes[35]) << 8
    guard bytes[0] & 0xF8 == seedPrefix, (bytes[0] & 7) << 5 | bytes[1] >> 3 == userPrefix,
      check == checksum(bytes[..<34])
    else { return nil }
    return Array(bytes[2..<34])
  }

  /// CRC-16 as XMODEM has it.
  private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
    bytes.reduce(0) { sum, byte in
      var sum = sum ^ UInt16(byte) << 8
      for _ in 0..<8 { sum = sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
      return sum
    }
  }
}

/// Base32 without padding. Source: RFC 4648, section 6.
enum Base32 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    var (text, value, bits): ([UInt8], UInt32, UInt32) = ([], 0, 0)
    for byte in bytes {
      value = (value << 8 | UInt32(byte)) & 0xFFF
      bits += 8
      while bits >= 5 {
        bits -= 5
        text.append(digits[Int(value >> bits & 31)])
      }
    }
    if bits > 0 { text.append(digits[Int(value << (5 - bits) & 31)]) }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil for what is no such text.
  static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var (bytes, value, bits): ([UInt8], UInt32, UInt32) = ([], 0, 0)
    for digit in text {
      let index: UInt8
      switch digit {
      case 0x41...0x5A: index = digit - 0x41
      case 0x32...0x37: index = digit - 0x32 + 26
      default: return nil
      }
      value = (value << 5 | UInt32(index)) & 0xFFF
      bits += 5
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: value >> bits))
      }
    }
    guard bits < 5, value & ((1 << bits) - 1) == 0 else { return nil }
    return bytes
  }
}
