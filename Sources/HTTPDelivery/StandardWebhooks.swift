// SPDX-License-Identifier: Apache-2.0

import Digests
import Files
import IntegrationEvents
import Octets

/// Signing as the Standard Webhooks specification wants it.
///
/// Source: Standard Webhooks specification, "Signature scheme": HMAC-SHA256 of `id.timestamp.body`, in base64, one
/// signature a secret.
public struct StandardWebhooks: Sendable {
  /// More secrets make signatures that fit into no request.
  private static let most = 100

  private let keys: [WebhookSecret]

  /// Takes secrets of the form `whsec_` and base64, one a line; all of them sign, so that a secret can be replaced.
  ///
  /// Nil when there is none, or one has another form: it would be another key than the receiver's. Source: the same,
  /// "Symmetric": 24 to 64 bytes. Nil too for more than 100.
  public init?(secrets text: String) {
    var keys: [WebhookSecret] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let secret = String(line).trimmedBlanks
      if secret.isEmpty { continue }
      guard let key = WebhookSecret(secret) else { return nil }
      keys.append(key)
    }
    guard (1...Self.most).contains(keys.count) else { return nil }
    self.keys = keys
  }

  /// The headers of one attempt.
  ///
  /// - Parameter bodies: the body as it is sent, and where it is compressed also as it was before: who stands behind a proxy
  ///   that decompresses it can verify only that. One signature that fits is enough.
  func headers(
    id: String, unixSeconds: Int64, bodies: [[UInt8]]
  ) throws(SHA256.Unavailable) -> [(String, String)] {
    var signatures: [String] = []
    for body in bodies {
      let signed = WebhookSecret.content(id: id, timestamp: "\(unixSeconds)", body: body)
      for key in keys { signatures.append("v1," + Base64.encode(try key.code(of: signed))) }
    }
    return [
      ("webhook-id", id), ("webhook-timestamp", "\(unixSeconds)"),
      ("webhook-signature", signatures.joined(separator: " ")),
    ]
  }
}
