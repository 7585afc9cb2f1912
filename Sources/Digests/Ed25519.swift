// SPDX-License-Identifier: Apache-2.0

import CCrypto

/// A private key of Ed25519, by the libcrypto that libpq brings along. Source: RFC 8032; OpenSSL manual, EVP_SIGNATURE-ED25519(7).
package struct Ed25519Key: Sendable {
  /// What a seed, and a public key, has in bytes.
  package static let length = 32
  /// What a signature has in bytes.
  package static let signatureLength = 64

  private let seed: [UInt8]

  /// Nil unless the seed has 32 bytes.
  package init?(seed: [UInt8]) {
    guard seed.count == Self.length else { return nil }
    self.seed = seed
  }

  /// The key that others know us by.
  package func publicKey() throws(SHA256.Unavailable) -> [UInt8] {
    guard let key = unsafe key() else { throw SHA256.Unavailable() }
    defer { unsafe EVP_PKEY_free(key) }
    var bytes = [UInt8](repeating: 0, count: Self.length)
    var count = bytes.count
    guard unsafe EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == Self.length else {
      throw SHA256.Unavailable()
    }
    return bytes
  }

  /// The signature of some bytes. It is the same each time.
  package func signature(of message: [UInt8]) throws(SHA256.Unavailable) -> [UInt8] {
    guard let key = unsafe key() else { throw SHA256.Unavailable() }
    defer { unsafe EVP_PKEY_free(key) }
    guard let context = unsafe EVP_MD_CTX_new() else { throw SHA256.Unavailable() }
    defer { unsafe EVP_MD_CTX_free(context) }
    var bytes = [UInt8](repeating: 0, count: Self.signatureLength)
    var count = bytes.count
    guard unsafe EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
      unsafe EVP_DigestSign(context, &bytes, &count, message, message.count) == 1, count == Self.signatureLength
    else { throw SHA256.Unavailable() }
    return bytes
  }

  private func key() -> OpaquePointer? {
    unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
  }
}
