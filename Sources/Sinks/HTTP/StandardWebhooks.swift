import Crypto
import IntegrationEvents

/// Signing as the Standard Webhooks specification wants it.
///
/// Source: Standard Webhooks specification, "Signature scheme": HMAC-SHA256 of `id.timestamp.body`, in base64, one
/// signature a secret.
public struct StandardWebhooks: Sendable {
  private let keys: [SymmetricKey]

  /// Takes secrets of the form `whsec_` and base64, one a line; all of them sign, so that a secret can be replaced.
  ///
  /// Nil when there is none, or one has another form.
  public init?(secrets text: String) {
    var keys: [SymmetricKey] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let secret = String(line).trimmedBlanks
      if secret.isEmpty { continue }
      guard let bytes = Base64.decode(secret.hasPrefix("whsec_") ? String(secret.dropFirst(6)) : secret),
        bytes.count >= 16
      else { return nil }
      keys.append(SymmetricKey(data: bytes))
    }
    guard !keys.isEmpty else { return nil }
    self.keys = keys
  }

  /// The headers of one attempt.
  func headers(id: String, unixSeconds: Int64, body: [UInt8]) -> [(String, String)] {
    let signed = Array("\(id).\(unixSeconds).".utf8) + body
    let signatures = keys.map { key in
      "v1," + Base64.encode(Array(HMAC<SHA256>.authenticationCode(for: signed, using: key)))
    }
    return [
      ("webhook-id", id), ("webhook-timestamp", "\(unixSeconds)"),
      ("webhook-signature", signatures.joined(separator: " ")),
    ]
  }
}

/// Base64 as RFC 4648, section 4 has it.
enum Base64 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for place in 0..<4 {
        text.append(place <= group.count ? digits[value >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil for text that is no base64.
  static func decode(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var value = 0
    var bits = 0
    let digitsOnly = text.utf8.prefix { $0 != UInt8(ascii: "=") }
    guard text.utf8.dropFirst(digitsOnly.count).allSatisfy({ $0 == UInt8(ascii: "=") }) else { return nil }
    for digit in digitsOnly {
      guard let index = digits.firstIndex(of: digit) else { return nil }
      value = (value << 6 | index) & 0xFFFF
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: value >> bits))
      }
    }
    return bytes
  }
}
