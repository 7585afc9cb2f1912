// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets

/// Verifies that somebody who has a secret has sent a request, and has sent it now.
///
/// Source: Standard Webhooks specification, "Signature scheme" and "Verifying webhooks": HMAC-SHA256 of `id.timestamp.body`.
public struct WebhookVerifier: Sendable {
  /// A list of secrets that cannot be used.
  public enum SecretError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is none.
    case none
    /// The secret at this place, from 0, is not `whsec_` and 24 to 64 bytes in base64.
    case malformed(at: Int)

    /// One line, without the secret.
    public var description: String {
      switch self {
      case .none: "there is no secret: give one of the form whsec_ and 24 to 64 bytes in base64"
      case .malformed(let place):
        "secret \(place + 1) is not whsec_ and 24 to 64 bytes in base64: echo \"whsec_$(openssl rand -base64 32)\" makes one"
      }
    }
  }

  /// How far a request's clock may be from ours: 5 minutes.
  public var tolerance: Duration = .seconds(300)

  private let keys: [WebhookSecret]

  /// Takes secrets of the form `whsec_` and base64. A request that one of them has signed is taken, so that a secret can be
  /// replaced by another in two steps.
  public init(secrets: [String]) throws(SecretError) {
    guard !secrets.isEmpty else { throw .none }
    var keys: [WebhookSecret] = []
    for (index, secret) in secrets.enumerated() {
      guard let key = WebhookSecret(secret) else { throw .malformed(at: index) }
      keys.append(key)
    }
    self.keys = keys
  }

  /// Throws unless a request is signed, and of these minutes.
  func verify(_ fields: FieldTable, body: [UInt8], unixSeconds now: Int64) throws(WebhookRefusal) {
    guard let id = try fields.value("webhook-id", .unsigned), !id.isEmpty,
      let stamp = try fields.value("webhook-timestamp", .unsigned),
      let given = try fields.value("webhook-signature", .unsigned)
    else { throw WebhookRefusal(.unsigned, "webhook-id, webhook-timestamp or webhook-signature is missing") }
    // At most 12 digits, so that no sum overflows.
    guard (1...12).contains(stamp.utf8.count), stamp.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let seconds = Int64(stamp)
    else { throw WebhookRefusal(.unsigned, "webhook-timestamp is no number of seconds") }
    guard (now - seconds).magnitude <= tolerance.components.seconds.magnitude else {
      throw WebhookRefusal(.unsigned, "webhook-timestamp is too far from this clock")
    }
    let signatures = given.split(separator: " ").compactMap { word in
      word.hasPrefix("v1,") ? Base64.decode(word.utf8.dropFirst(3)) : nil
    }
    let signed = WebhookSecret.content(id: id, timestamp: stamp, body: body)
    var fits = false
    do {
      for key in keys {
        let code = try key.code(of: signed)
        // None ends the search, so that the time tells nothing of which it was.
        for signature in signatures where Self.areEqual(code, signature) { fits = true }
      }
    } catch {
      throw WebhookRefusal(.unavailable, "this machine's libcrypto computes no SHA-256")
    }
    guard fits else { throw WebhookRefusal(.unsigned, "no signature fits") }
  }

  /// Compares in a time that depends on the lengths alone.
  static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
