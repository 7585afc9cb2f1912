// SPDX-License-Identifier: Apache-2.0

import CCrypto

/// MD5, for what others compute by it: it proves nothing, and tells only what was damaged by chance.
package enum MD5 {
  /// The digest of some bytes, 16 of them; nil where this libcrypto has none (FIPS). Source: RFC 1321; OpenSSL manual,
  /// EVP_Digest(3).
  package static func digest(_ bytes: [UInt8]) -> [UInt8]? {
    var digest = [UInt8](repeating: 0, count: 16)
    var written: UInt32 = 0
    let status = unsafe bytes.withUnsafeBytes { bytes in
      unsafe EVP_Digest(bytes.baseAddress, bytes.count, &digest, &written, EVP_md5(), nil)
    }
    return status == 1 && written == digest.count ? digest : nil
  }
}
