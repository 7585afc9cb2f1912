// SPDX-License-Identifier: Apache-2.0

/// What a server says of itself. Source: NATS documentation, "Client Protocol", INFO.
struct ServerInfo: Hashable, Sendable {
  /// Whether it takes headers: since 2.2.
  let hasHeaders: Bool
  /// The most bytes of a message, with its headers.
  let maximumPayload: Int
  let requiresTLS: Bool
  let offersTLS: Bool
  /// What is to be signed; nil where nothing is.
  let nonce: String?
  /// Whether it is about to end, and wants its clients to go elsewhere.
  let isLameDuck: Bool
  /// Where else clients can connect, as it is written; nil where it does not say.
  let others: [String]?

  /// More of them than anybody has.
  private static let mostOthers = 64

  /// Nil for what is no such thing.
  init?(_ text: [UInt8]) {
    guard let value = JSONValue(text), case .object = value else { return nil }
    hasHeaders = value["headers"]?.bool ?? false
    guard let payload = value["max_payload"]?.int, payload > 0 else { return nil }
    maximumPayload = payload
    requiresTLS = value["tls_required"]?.bool ?? false
    offersTLS = requiresTLS || value["tls_available"]?.bool ?? false
    nonce = value["nonce"]?.string
    isLameDuck = value["ldm"]?.bool ?? false
    others = value["connect_urls"]?.strings.map { Array($0.prefix(Self.mostOthers)) }
  }
}
