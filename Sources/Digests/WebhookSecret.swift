// SPDX-License-Identifier: Apache-2.0

import Octets

/// A secret that two sides share, one to sign requests with, the other to verify them.
///
/// Source: Standard Webhooks specification, "Signature scheme" and "Symmetric": HMAC-SHA256 of `id.timestamp.body`.
package struct WebhookSecret: Sendable {
  private let key: [UInt8]

  /// Nil unless the text is `whsec_` and 24 to 64 bytes in base64: it would be another key than the other side's.
  package init?(_ text: String) {
    guard text.hasPrefix("whsec_"), let key = Base64.decode(text.utf8.dropFirst(6)), (24...64).contains(key.count)
    else { return nil }
    self.key = key
  }

  /// What is signed of a request.
  package static func content(id: String, timestamp: String, body: [UInt8]) -> [UInt8] {
    Array("\(id).\(timestamp).".utf8) + body
  }

  /// The code of what is signed.
  package func code(of content: [UInt8]) throws(SHA256.Unavailable) -> [UInt8] {
    try SHA256.authenticationCode(content, key: key)
  }
}
