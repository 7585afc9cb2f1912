// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Glibc
import PostgresWire

/// Checking a connection string without connecting.
///
/// Source: PostgreSQL manual, "Connection Strings".
package enum ConnectionString {
  /// What libpq takes for where a server is, and who asks for what.
  private static let places = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE", "PGDATABASE", "PGUSER"]

  /// Whether anything says which database is meant: the connection string or the environment.
  static func isGiven(_ text: String) -> Bool {
    !parts(of: text).text.isEmpty
      || places.contains { name in unsafe getenv(name).map { unsafe $0.pointee != 0 } ?? false }
  }

  /// A connection string that may be shown: without the values that libpq takes for secrets. Nil where it cannot be read.
  package static func shown(_ text: String) -> String? {
    let text = parts(of: text).text
    guard (try? check(text)) != nil else { return nil }
    guard text.contains("=") || text.contains("://") else { return text }
    guard let options = unsafe PQconninfoParse(text, nil) else { return nil }
    defer { unsafe PQconninfoFree(options) }
    let all = unsafe values(options)
    let open = unsafe values(options) { unsafe String(cString: $0.dispchar) != "*" }
    if all.count == open.count { return text }
    return open.map { "\($0)=\(quoted($1))" }.joined(separator: " ")
  }

  private static func quoted(_ value: String) -> String {
    guard value.isEmpty || value.contains(where: { $0.isWhitespace || "'\\".contains($0) }) else { return value }
    return "'\(value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
  }

  /// Refuses what libpq cannot parse, and what it would parse into something that was not meant: what it then takes for a
  /// host's or a database's name, and shows, may be a password.
  static func check(_ text: String) throws(Failure) {
    let text = parts(of: text).text
    guard !text.isEmpty else { return }
    let scheme = ["postgres://", "postgresql://"].first { text.hasPrefix($0) }
    if let scheme {
      try checkURI(text.dropFirst(scheme.count))
    } else if !text.contains("=") {
      guard isPlainName(text), !text.split(separator: " ").contains(where: { keywords[String($0)] != nil }) else {
        throw malformed(
          "it is neither postgresql://… nor made of parts such as host=…, nor a database's plain name; one with "
            + "other signs is written as dbname='…'")
      }
      return
    }
    for (keyword, value) in try parse(text) {
      if let problem = problem(with: value, of: keyword, isURI: scheme != nil) { throw malformed(problem) }
    }
  }

  /// Whatever libpq, or a server through it, may show.
  private static let shownKeywords: Set = ["host", "hostaddr", "port", "user", "dbname"]

  /// All that libpq knows, with the environment's names for them. Without its sign of equality, what stands behind one may be a
  /// password.
  private static let keywords: [String: String] = {
    let options = unsafe PQconndefaults()
    defer { unsafe PQconninfoFree(options) }
    var keywords: [String: String] = [:]
    var next = unsafe options
    while let option = unsafe next, let keyword = unsafe option.pointee.keyword {
      unsafe keywords[String(cString: keyword)] = option.pointee.envvar.map { unsafe String(cString: $0) } ?? ""
      unsafe next = option + 1
    }
    return keywords
  }()

  /// What libpq reads as a number only when it comes to use it, if at all.
  private static let numbers: Set = [
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
  ]

  /// The same for what has become of it, with what the environment and a service file say.
  static func check(_ connection: OpaquePointer) throws(Failure) {
    let options = unsafe PQconninfo(connection)
    defer { unsafe PQconninfoFree(options) }
    for (keyword, value) in unsafe values(options) {
      guard let problem = problem(with: value, of: keyword, isURI: true) else { continue }
      throw foreign(keyword, problem)
    }
  }

  /// What libpq calls wrong although the connection string does not have it: then the environment or a service file has.
  static func blaming(_ failure: Failure, for text: String) -> Failure {
    guard failure.kind == .connectionString,
      let match = failure.what.description.firstMatch(of: /invalid (\w+) value|connection option "(\w+)"/),
      let keyword = (match.output.1 ?? match.output.2).map(String.init), keywords[keyword] != nil,
      (try? parse(text))?.contains(where: { $0.0 == keyword }) != true
    else { return failure }
    return foreign(keyword, "it has a value that libpq does not take")
  }

  private static func foreign(_ keyword: String, _ problem: String) -> Failure {
    let variable = keywords[keyword].flatMap { $0.isEmpty ? nil : $0 }
    let isSet = variable.map { name in unsafe getenv(name) != nil } ?? false
    let place = isSet ? variable ?? keyword : "\(keyword) of the service file"
    return Failure(
      .connectionString, "\(place): \(problem)", advice: isSet ? "correct or unset it" : "correct it there")
  }

  /// A name that is given alone. What else may be one can be written as `dbname=…`.
  private static func isPlainName(_ text: String) -> Bool {
    text.allSatisfy { $0.isLetter || $0.isNumber || "_-.$ ".contains($0) } && text.first != " " && text.last != " "
  }

  /// Finds signs that mean something else than they were meant to.
  private static func checkURI(_ rest: Substring) throws(Failure) {
    let address = rest.prefix { $0 != "?" }
    if address.count(where: { $0 == "@" }) > 1 {
      throw malformed("there is more than one @ in it; write one in a password as %40")
    }
    if address.drop(while: { $0 != "/" }).contains("@") {
      throw malformed("there is a / before the @; write one in a password as %2F")
    }
  }

  /// What is wrong with a value.
  private static func problem(with value: String, of keyword: String, isURI: Bool) -> String? {
    if numbers.contains(keyword), Int32(value.filter { !$0.isWhitespace }) == nil {
      return "the value of \(keyword) is no whole number"
    }
    guard shownKeywords.contains(keyword) else { return nil }
    let isList = keyword != "user" && keyword != "dbname"
    let strange: (Character) -> Bool = { $0.isNewline || ";\"'".contains($0) || (isURI ? false : $0 == "=") }
    let isStrange =
      value.contains(where: strange) || value.contains("://") || value.first?.isWhitespace == true
      || value.last?.isWhitespace == true || (!isList && !isURI && value.contains(","))
    if isStrange {
      return "the value of \(keyword) holds a sign that separates nothing there; parts are separated by blanks"
    }
    if keyword == "port", !value.allSatisfy({ $0 == "," || ("0"..."9").contains($0) }) {
      return "the port is no number"
    }
    guard keyword == "host" else { return nil }
    for host in value.split(separator: ",") where host.first != "/" && host.first != "@" {
      if host.contains(where: { $0.isWhitespace || "@/?#=[]".contains($0) }) {
        return "the host's name holds a sign that no name has"
      }
      if host.contains(":"), !isIPv6(host) { return "the host's name has a : in it; a port stands for itself" }
    }
    return nil
  }

  /// Whether it may be an address, perhaps with a zone. Source: RFC 4291, section 2.2; RFC 4007, section 11.
  private static func isIPv6(_ host: Substring) -> Bool {
    let address = host.prefix { $0 != "%" }
    return address.count(where: { $0 == ":" }) > 1 && address.allSatisfy { $0.isHexDigit || ":.".contains($0) }
  }

  /// The values that libpq finds, by their keywords.
  private static func parse(_ text: String) throws(Failure) -> [(String, String)] {
    var message: UnsafeMutablePointer<CChar>?
    let options = unsafe PQconninfoParse(text, &message)
    guard unsafe options != nil else {
      let words = unsafe message.map { unsafe String(cString: $0) } ?? ""
      unsafe PQfreemem(message)
      throw ServerErrors.malformedConnectionString(words)
    }
    defer { unsafe PQconninfoFree(options) }
    return unsafe values(options)
  }

  /// What libpq's list of options holds, by its keywords.
  static func values(
    _ options: UnsafeMutablePointer<PQconninfoOption>?,
    where isWanted: (PQconninfoOption) -> Bool = { _ in true }
  ) -> [(String, String)] {
    var values: [(String, String)] = []
    var next = unsafe options
    while let option = unsafe next, let keyword = unsafe option.pointee.keyword {
      if let value = unsafe option.pointee.val, unsafe isWanted(option.pointee) {
        unsafe values.append((String(cString: keyword), String(cString: value)))
      }
      unsafe next = option + 1
    }
    return values
  }

  private static func malformed(_ why: String) -> Failure {
    Failure(.connectionString, "malformed connection string: \(why)")
  }
}
