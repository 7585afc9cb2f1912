// SPDX-License-Identifier: Apache-2.0

import CCrypto

/// SHA-256 and its keyed form, by the libcrypto that libpq brings along. The only file that calls it.
package enum SHA256 {
  /// The libcrypto that is there computes no SHA-256: its configuration names no provider that could.
  package struct Unavailable: Error, Hashable {
    package init() {}
  }

  /// What a digest has, in bytes.
  package static let length = 32

  /// The digest of some bytes. Source: FIPS 180-4, section 6.2; OpenSSL manual, EVP_Digest(3).
  package static func digest(_ bytes: [UInt8]) throws(Unavailable) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: length)
    var written: UInt32 = 0
    let status = unsafe bytes.withUnsafeBytes { bytes in
      unsafe EVP_Digest(bytes.baseAddress, bytes.count, &digest, &written, EVP_sha256(), nil)
    }
    guard status == 1, written == length else { throw Unavailable() }
    return digest
  }

  /// The code that proves that who sends the message has the key. Source: RFC 2104; OpenSSL manual, HMAC(3).
  package static func authenticationCode(_ message: [UInt8], key: [UInt8]) throws(Unavailable) -> [UInt8] {
    // A length is an int there.
    guard let keyLength = Int32(exactly: key.count) else { throw Unavailable() }
    var code = [UInt8](repeating: 0, count: length)
    var written: UInt32 = 0
    // A key of no bytes has an address all the same: without one, the key of the call before would count.
    let found = unsafe (key + [0]).withUnsafeBytes { key in
      unsafe message.withUnsafeBufferPointer { message in
        unsafe HMAC(EVP_sha256(), key.baseAddress, keyLength, message.baseAddress, message.count, &code, &written)
          != nil
      }
    }
    guard found, written == length else { throw Unavailable() }
    return code
  }

  /// Which libcrypto it is, such as `OpenSSL 3.0.17 1 Jul 2025`. Source: OpenSSL manual, OpenSSL_version(3).
  package static var library: String {
    unsafe OpenSSL_version(OPENSSL_VERSION).map { unsafe String(cString: $0) } ?? "OpenSSL"
  }
}
