/// What has to be told from the TLS library's own words, because its errors have no codes for it.
enum TLSWords {
  /// What a message means.
  enum Meaning: Hashable, Sendable {
    /// The receiver does not take our certificate, or wants one.
    case wantsOurs
    /// The receiver's certificate is not to be trusted.
    case untrusted
  }

  /// The words that all have to be there, in lower case; the first row that fits counts. What the other side alerts us of is
  /// about our certificate, not about its own.
  static let meanings: [(words: [String], meaning: Meaning)] = [
    (["alert", "certificate"], .wantsOurs),
    (["certificate"], .untrusted),
    (["hostname"], .untrusted),
  ]

  /// What a message means; nil for trouble that may pass.
  static func meaning(of message: String) -> Meaning? {
    let message = message.lowercased()
    return meanings.first { $0.words.allSatisfy { message.contains($0) } }?.meaning
  }
}
