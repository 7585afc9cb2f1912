// SPDX-License-Identifier: Apache-2.0

/// What has to be told from the TLS library's own words, because its errors have no codes for it.
package enum TLSWords {
  /// What a message means.
  package enum Meaning: Hashable, Sendable {
    /// The receiver does not take our certificate, or wants one.
    case wantsOurs
    /// The receiver's certificate is not to be trusted.
    case untrusted
    /// What answers is not TLS.
    case plain
    /// No version of TLS suits both.
    case version
  }

  /// The words that all have to be there, in lower case; the first row that fits counts. What the other side alerts us of is
  /// about our certificate, not about its own.
  static let meanings: [(words: [String], meaning: Meaning)] = [
    (["alert", "certificate"], .wantsOurs),
    (["alert", "unknown_ca"], .wantsOurs),
    (["certificate"], .untrusted),
    (["hostname"], .untrusted),
    (["wrong_version_number"], .plain),
    (["http_request"], .plain),
    (["protocol_version"], .version),
    (["unsupported_protocol"], .version),
  ]

  /// What a message means; nil for trouble that may pass.
  package static func meaning(of message: String) -> Meaning? {
    let message = message.lowercased()
    return meanings.first { $0.words.allSatisfy { message.contains($0) } }?.meaning
  }

  /// The part of a message that says something: `no shared cipher` of `…:OPENSSL_internal:NO_SHARED_CIPHER])`.
  package static func short(_ message: String) -> String {
    guard let mark = message.firstRange(of: "OPENSSL_internal:") else { return String(message.prefix(80)) }
    let words = message[mark.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    return words.lowercased().split(separator: "_").joined(separator: " ")
  }
}
