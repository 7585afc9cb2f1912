// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// What has to be told from libpq's own words, because it gives no code: its messages in English, as its versions 12 to 18
/// have them.
enum LibpqWords {
  /// The beginnings and parts of messages, and what they mean; the first that fits counts. Whatever else goes wrong with TLS,
  /// such as a connection that ends in the middle of it, may come of a server or a proxy that starts up or shuts down.
  static let meanings: [(words: String, isBeginning: Bool, kind: FailureKind)] = [
    ("invalid ", true, .connectionString),
    (" for connection option ", false, .connectionString),
    ("could not match ", true, .connectionString),
    ("could not parse network address", true, .connectionString),
    ("definition of service", true, .connectionSettings),
    ("service file ", true, .connectionSettings),
    (" in service file ", false, .connectionSettings),
    ("channel binding", false, .connectionSettings),
    ("authentication method requirement", false, .connectionSettings),
    ("is too long (maximum", false, .connectionSettings),
    ("was impossible", false, .connectionSettings),
    ("certificate", false, .certificate),
    ("unknown ca", false, .certificate),
    ("private key", false, .certificate),
    ("but SSL was required", false, .certificate),
    ("GSSAPI encryption, but it was required", false, .certificate),
    ("when SSL support is not compiled in", false, .certificate),
    ("sslrootcert=system", false, .certificate),
  ]

  /// What a failed attempt to connect means; nil for one that may just come too early.
  static func meaning(of message: String) -> FailureKind? {
    meanings.first { $0.isBeginning ? message.hasPrefix($0.words) : message.contains($0.words) }?.kind
  }

  /// Of a message about several hosts or addresses, what is said of the last one that was tried: of those before it libpq only
  /// says so much that it went on.
  static func last(of message: String) -> String {
    let beginning = "connection to server "
    var rest = message[...]
    var last: Substring?
    while let range = rest.firstRange(of: beginning) {
      last = rest[range.lowerBound...]
      rest = rest[range.upperBound...]
    }
    return String(last ?? message[...])
  }

  /// A message without whatever stands between its first double quote and its last: what it quotes may hold quotes itself.
  static func unquoted(_ message: String) -> String {
    guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\"") else { return message }
    return "\(message[..<first])\"…\"\(message[last...].dropFirst())"
  }
}
