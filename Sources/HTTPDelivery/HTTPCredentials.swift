// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import Octets
import PostgresWire

/// The files that hold what proves to a receiver who we are. Each is read again when it changes.
public struct CredentialFiles: Hashable, Sendable {
  /// Lines of `Name: value`, sent with every request.
  public var headers: String?
  /// A bearer token.
  public var bearerToken: String?
  /// A line of `user:password` for basic authentication.
  public var basic: String?
  /// Secrets to sign with, one a line.
  public var signingSecrets: String?

  /// Names no file.
  public init() {}
}

/// What proves to a receiver who we are.
struct HTTPCredentials: Sendable {
  /// As it is for one request.
  struct Proof: Sendable {
    var headers: [(name: String, value: String)] = []
    var signing: StandardWebhooks?
  }

  /// The most that the fields of a file may take, in bytes: a request's head has to hold others too.
  private static let longest = 16_384

  private typealias Problem = CredentialFile<String>.Problem

  private let headers: CredentialFile<[(name: String, value: String)]>?
  private let authorization: CredentialFile<String>?
  private let signing: CredentialFile<StandardWebhooks>?
  /// From the address.
  private let user: String?

  /// Reads the files; one that makes no sense is an error that does not show what is in it.
  ///
  /// - Parameter user: `user:password` from the address.
  init(_ files: CredentialFiles, user: String?) throws(Failure) {
    let given = [files.bearerToken, files.basic, user].compactMap { $0 }.count
    guard given <= 1 else {
      throw Failure(.credentials, "of a bearer token, a user's file and a user in the address there can be only one")
    }
    headers = try files.headers.map { (path) throws(Failure) in
      try CredentialFile(path) { (text) throws(CredentialFile<[(name: String, value: String)]>.Problem) in
        try Self.fields(text, hasAuthorization: given == 1)
      }
    }
    signing = try files.signingSecrets.map { (path) throws(Failure) in
      try CredentialFile(path) { (text) throws(CredentialFile<StandardWebhooks>.Problem) in
        guard let signing = StandardWebhooks(secrets: text) else {
          throw .init("wants lines of whsec_ and base64, of 24 to 64 bytes, no more than 100")
        }
        return signing
      }
    }
    if let path = files.bearerToken {
      authorization = try CredentialFile(path) { (text) throws(Problem) in try Self.bearer(text) }
    } else if let path = files.basic {
      authorization = try CredentialFile(path) { (text) throws(Problem) in try Self.basic(text) }
    } else {
      authorization = nil
    }
    self.user = user.map { "Basic \(Base64.encode(Array($0.utf8)))" }
  }

  /// Whether requests say who sends them.
  var areThere: Bool { headers != nil || authorization != nil || user != nil || signing != nil }

  /// What counts for a request now.
  func proof() -> Proof {
    var proof = Proof()
    if let headers { proof.headers = headers.current }
    if let authorization { proof.headers.append(("authorization", authorization.current)) }
    if let user { proof.headers.append(("authorization", user)) }
    proof.signing = signing?.current
    return proof
  }

  /// What was wrong with which file at the last look.
  var complaints: [String: String] {
    var complaints: [String: String] = [:]
    if let headers { complaints[headers.path] = headers.complaint }
    if let authorization { complaints[authorization.path] = authorization.complaint }
    if let signing { complaints[signing.path] = signing.complaint }
    return complaints
  }

  /// Source: RFC 6750, section 2.1.
  private static func bearer(_ token: String) throws(Problem) -> String {
    guard !token.isEmpty else { throw Problem("wants a token; the file is empty") }
    guard token.utf8.count <= longest, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw Problem("wants one line with a token and no blank in it")
    }
    return "Bearer \(token)"
  }

  private static func basic(_ text: String) throws(Problem) -> String {
    guard text.contains(":"), text.utf8.count <= longest,
      !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
    else { throw Problem("wants one line of user:password") }
    return "Basic \(Base64.encode(Array(text.utf8)))"
  }

  private static func fields(
    _ text: String, hasAuthorization: Bool
  ) throws(CredentialFile<[(name: String, value: String)]>.Problem) -> [(name: String, value: String)] {
    guard let fields = headers(from: text) else { throw .init("a line is not of the form 'Name: value'") }
    for (name, _) in fields {
      let name = name.lowercased()
      if RequestFields.isOurs(name) {
        throw .init("\(name) is a field that every request has of its own")
      }
      if name == "authorization", hasAuthorization { throw .init("authorization comes from another file already") }
    }
    guard fields.reduce(0, { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }) <= longest else {
      throw .init("wants no more than \(longest) bytes of header fields")
    }
    return fields
  }

  /// Reads `Name: value` lines; blank ones and those that start with `#` are passed over. Nil when one is neither.
  static func headers(from text: String) -> [(name: String, value: String)]? {
    var headers: [(name: String, value: String)] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let line = String(line).trimmedBlanks
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let name = String(line[..<colon])
      let value = String(line[line.index(after: colon)...]).trimmedBlanks
      guard !name.isEmpty, name.utf8.allSatisfy(\.isTokenByte), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
      else { return nil }
      headers.append((name, value))
    }
    return headers
  }
}

extension UInt8 {
  /// Whether a header field's name may have it. Source: RFC 9110, section 5.6.2.
  var isTokenByte: Bool {
    switch self {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(self)
    }
  }
}
