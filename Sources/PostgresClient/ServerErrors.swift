// SPDX-License-Identifier: Apache-2.0

import Files
import Octets
import PostgresWire

/// What the server's error codes mean for us: the kind, whether trying again helps, and what to do.
///
/// Source: PostgreSQL manual, appendix "PostgreSQL Error Codes".
enum ServerErrors {
  /// Whole codes first, then classes (two characters).
  private static let kinds: [(code: String, kind: FailureKind, advice: Wording?)] = [
    ("28P01", .authentication, "check the password in the connection string, PGPASSWORD or ~/.pgpass"),
    ("28000", .authentication, "check user, database and pg_hba.conf"),
    ("42501", .privilege, nil),
    ("3D000", .database, nil),
    ("55006", .slotInUse, nil),
    ("55000", .server, nil),
    (
      "25006", .server,
      """
      on a standby nothing can be written: connect to the primary, with target_session_attrs=primary where several hosts are \
      named; else take default_transaction_read_only out of the connection's options
      """
    ),
    ("53400", .server, nil),
    ("08", .connection, nil),
    ("53", .connection, nil),
    ("57", .connection, nil),
    ("58", .connection, nil),
    ("40", .connection, nil),
    ("XX", .connection, nil),
    ("22021", .encoding, "the database holds bytes that its encoding does not allow"),
    ("22P05", .encoding, "one of the two encodings has no such letter"),
  ]

  /// The failure for a code and the server's message; without a code, the connection was lost.
  static func error(_ message: String, sqlState: String?) -> Failure {
    let words = bounded(message)
    guard let sqlState else {
      return Failure(.connection, Wording(words.isEmpty ? "the server closed the connection" : words))
    }
    let entry = kinds.first { sqlState == $0.code } ?? kinds.first { sqlState.prefix(2) == $0.code }
    return Failure(
      entry?.kind ?? .server, Wording(words), advice: entry?.advice, sqlState: ForeignText(sqlState).description)
  }

  /// A server's words as far as a line may be long.
  static func bounded(_ words: String) -> String { ForeignText(words).shortened(to: longest) }

  private static let longest = 4096

  /// The error of an attempt to connect, for which libpq has no code but writes the server's into its verbose message.
  static func connecting(_ message: String, needsPassword: Bool) -> Failure {
    // libpq reports every address it tried; the last answer with a code is the server's own.
    let lines = message.split(separator: "\n").map { String($0.drop { $0 == "\t" }) }
      .filter { !$0.hasPrefix("LOCATION:") }
    let text = bounded(lines.joined(separator: " "))
    if needsPassword {
      return Failure(
        .authentication, "the server wants a password",
        advice: "give one in PGPASSWORD, ~/.pgpass or the connection string")
    }
    for line in lines.reversed() {
      guard let code = code(in: line) else { continue }
      var failure = error(withoutCode(line, code), sqlState: code)
      // Before there is a statement, only a parameter can be unknown or have a value that is none.
      if ["42704", "22023", "42601"].contains(code) {
        (failure.kind, failure.advice) = (.connectionSettings, "check options in the connection string and PGOPTIONS")
      }
      if code == "58P01" {
        failure.advice = "look at session_preload_libraries and local_preload_libraries, of role and database too"
      }
      return failure
    }
    switch LibpqWords.meaning(of: LibpqWords.last(of: text)) {
    // A word of the connection string that libpq did not check when it parsed it; perhaps a password out of place.
    case .connectionString:
      return Failure(.connectionString, "malformed connection string: \(LibpqWords.unquoted(text))")
    case let kind?: return Failure(kind, Wording(text))
    case nil:
      // Our own limit, not a server that is away.
      if text.contains("Too many open files") {
        return Failure(.connection, Wording(text), advice: Failure.advice(opening: SystemFailure.mostFiles))
      }
      return Failure(
        .connection, Wording(text.isEmpty ? "cannot connect to the server" : text),
        advice: text.contains("Is the server running") ? nil : "is the server running?")
    }
  }

  /// What libpq says of a connection string. What it quotes of it is left out, since that may be a password.
  static func malformedConnectionString(_ words: String) -> Failure {
    Failure(.connectionString, "malformed connection string: \(LibpqWords.unquoted(words))")
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

extension Failure {
  /// The failure to connect with nothing that says where to.
  var unnamed: Failure {
    guard [.connection, .authentication, .database].contains(kind) else { return self }
    var failure = self
    failure.advice =
      "no database is named, so that of the system's user on this machine was tried: name one with \(setting: "database"), "
      + "or in PGHOST, PGDATABASE or PGSERVICE"
    return failure
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>) -> String {
    String(self[..<range.lowerBound] + self[range.upperBound...])
  }
}
