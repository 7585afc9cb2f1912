import PostgresWire

/// What the server's error codes mean for us: the kind, whether trying again helps, and what to do.
///
/// Source: PostgreSQL manual, appendix "PostgreSQL Error Codes".
enum ServerErrors {
  private struct Entry {
    let code: String
    let kind: StreamError.Kind
    let isRetryable: Bool
    let advice: String?

    init(_ code: String, _ kind: StreamError.Kind, retry: Bool = false, _ advice: String? = nil) {
      self.code = code
      self.kind = kind
      isRetryable = retry
      self.advice = advice
    }
  }

  /// Whole codes first, then classes (two characters).
  private static let table = [
    Entry("28P01", .permission, "check the password in the connection string, PGPASSWORD or ~/.pgpass"),
    Entry("28000", .permission, "check user, database and pg_hba.conf"),
    Entry(
      "42501", .permission,
      "give the role what it lacks: ALTER ROLE … REPLICATION, GRANT SELECT; see tailrace setup --dry-run"),
    Entry("3D000", .configuration, "check the database name"),
    Entry("42704", .configuration, "make it with tailrace setup"),
    Entry("55006", .unavailable, "stop the other client, or wait for it to end"),
    Entry("55000", .configuration),
    Entry("57P01", .unavailable, retry: true),
    Entry("57P02", .unavailable, retry: true),
    Entry("57P03", .unavailable, retry: true),
    Entry("57P05", .unavailable, retry: true),
    Entry("08", .unavailable, retry: true),
    Entry("53", .unavailable, retry: true),
    Entry("57", .unavailable, retry: true),
    Entry("58", .unavailable, retry: true),
    Entry("40", .unavailable, retry: true),
    Entry("XX", .unavailable, retry: true),
    Entry("22", .badData, "the database holds bytes that its encoding does not allow"),
    Entry("0A", .configuration),
    Entry("42", .configuration),
  ]

  /// The error for a code and the server's message; without a code, the connection was lost.
  static func error(_ message: String, sqlState: String?) -> StreamError {
    guard let sqlState else {
      let text = message.isEmpty ? "the server closed the connection" : message
      return StreamError(.unavailable, text, isRetryable: true)
    }
    let entry = table.first { sqlState == $0.code } ?? table.first { sqlState.prefix(2) == $0.code }
    return StreamError(
      entry?.kind ?? .configuration, message, advice: entry?.advice, sqlState: sqlState,
      isRetryable: entry?.isRetryable ?? false)
  }

  /// The error of an attempt to connect, for which libpq has no code but writes the server's into its verbose message.
  static func connecting(_ message: String, needsPassword: Bool) -> StreamError {
    // libpq reports every address it tried; the last answer with a code is the server's own.
    let lines = message.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("LOCATION:") }
    let text = lines.joined(separator: " ")
    if needsPassword {
      return StreamError(
        .permission, "the server wants a password", advice: "give one in PGPASSWORD, ~/.pgpass or the connection string"
      )
    }
    for line in lines.reversed() {
      guard let code = code(in: line) else { continue }
      return error(withoutCode(line, code), sqlState: code)
    }
    if text.hasPrefix("invalid ") {
      // A word of the connection string that libpq did not check when it parsed it; perhaps a password out of place.
      let quoted = text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
      return StreamError(
        .usage, "malformed connection string: " + quoted.map { $0 % 2 == 0 ? $1 : "…" }.joined(separator: "\""),
        advice: "write postgresql://user@host:port/database or host=… dbname=…")
    }
    if text.contains("certificate") || text.contains("SSL") {
      return StreamError(
        .configuration, text, advice: "check sslmode, sslrootcert and the server's certificate", isRetryable: false)
    }
    return StreamError(
      .unavailable, text.isEmpty ? "cannot connect to the server" : text, advice: "is the server running?",
      isRetryable: true)
  }

  /// What libpq says of a connection string. What it quotes of it is left out, since that may be a password.
  static func malformedConnectionString(_ words: String) -> StreamError {
    let isAboutName = words.hasPrefix("invalid connection option") || words.hasPrefix("invalid URI query parameter")
    let quoted = words.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
    let safe = isAboutName ? words : quoted.map { $0 % 2 == 0 ? String($1) : "…" }.joined(separator: "\"")
    return StreamError(
      .usage, "malformed connection string: \(safe)",
      advice: "write postgresql://user@host:port/database or host=… dbname=…")
  }

  /// Finds `FATAL:  28P01: ` and the like: five upper-case letters or digits between colons, behind two blanks.
  private static func code(in line: String) -> String? {
    let parts = line.split(separator: ":", omittingEmptySubsequences: false).dropFirst()
    return parts.dropLast().lazy.filter { $0.hasPrefix("  ") }.map { String($0.dropFirst(2)) }
      .first { $0.utf8.count == 5 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) } }
  }

  private static func withoutCode(_ line: String, _ code: String) -> String {
    guard let range = line.firstRange(of: "\(code): ") else { return line }
    return line.replacingCharacters(in: range)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>) -> String {
    String(self[..<range.lowerBound] + self[range.upperBound...])
  }
}
