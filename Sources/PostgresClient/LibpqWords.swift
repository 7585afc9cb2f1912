import PostgresWire

/// What has to be told from libpq's own words, because it gives no code: its messages in English, as its versions 12 to 18
/// have them.
enum LibpqWords {
  /// The beginnings and parts of messages, and what they mean; the first that fits counts.
  static let meanings: [(words: String, isBeginning: Bool, kind: FailureKind)] = [
    ("invalid ", true, .connectionString),
    ("certificate", false, .certificate),
    ("SSL", false, .certificate),
  ]

  /// What a failed attempt to connect means; nil for one that may just come too early.
  static func meaning(of message: String) -> FailureKind? {
    meanings.first { $0.isBeginning ? message.hasPrefix($0.words) : message.contains($0.words) }?.kind
  }

  /// Whether what a message about a connection string quotes is a keyword's name, not a value.
  static func quotesName(_ message: String) -> Bool {
    ["invalid connection option", "invalid URI query parameter"].contains { message.hasPrefix($0) }
  }

  /// A message with whatever stands between double quotes left out.
  static func unquoted(_ message: String) -> String {
    message.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
      .map { $0 % 2 == 0 ? String($1) : "…" }.joined(separator: "\"")
  }
}
