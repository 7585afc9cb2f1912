// SPDX-License-Identifier: Apache-2.0

package import Connections
import Octets

/// The address of servers, taken apart before anything is sent there: `nats://user:password@host:port,host:port`, as clients of NATS
/// take it, where each place may begin with the scheme again.
package struct NATSAddress: Hashable, Sendable {
  /// What is wrong with an address. Its text is never shown, for it may hold a password.
  package enum Problem: String, Error, Hashable, Sendable, CustomStringConvertible {
    case malformed = "this is not a nats address: tls://user@host:port"
    case blank = "the address has a blank or a line end in it"
    case host = "the host is none that a server can have"
    case encoding = "the address has a % without two digits behind it, or what is no text"
    case port = "the port is not one from 1 to 65535"
    case user = "a user, password or token of the address is too long"
    case schemes = "the address has nats:// and tls:// in it; all its servers have to be reached the same way"
    case users = "the address names several users; write one, before the first host"
    case tooLong = "the address is too long"
    case tooMany = "the address has more than 32 hosts"
    case path = "the address has something behind its hosts; there are settings for it"

    package var description: String { rawValue }
  }

  private static let longest = 8192
  /// Where servers listen unless they are told otherwise.
  static let port = 4222

  /// Whether the address itself asks for TLS.
  package let isSecure: Bool
  /// Whether all of it is this machine.
  package let isLoopback: Bool
  /// Where to connect, each for the others.
  package let hosts: [BrokerHost]
  /// Decoded; nil where the address has none. Without a password it is a token.
  package let user: String?
  package let password: String?
  /// Without user and password.
  package let shown: String

  /// Reads an address.
  package init(_ text: String) throws(Problem) {
    guard text.utf8.count <= Self.longest else { throw .tooLong }
    guard !text.utf8.contains(where: { $0 == 0x20 || (0x09...0x0D).contains($0) }) else { throw .blank }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !#"#\"<>^`{|}"#.utf8.contains($0) }),
      let (isSecure, rest) = Self.scheme(text[...])
    else { throw .malformed }
    var (hosts, isLoopback, names): ([BrokerHost], Bool, [Substring]) = ([], true, [])
    var login: Substring?
    for (number, piece) in rest.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
      var piece = piece
      if let (isSame, behind) = Self.scheme(piece) {
        guard number > 0 else { throw .malformed }
        guard isSame == isSecure else { throw .schemes }
        piece = behind
      }
      if let at = piece.lastIndex(of: "@") {
        guard number == 0 || login == piece[..<at] else { throw .users }
        login = piece[..<at]
        piece = piece[piece.index(after: at)...]
      }
      if piece.hasSuffix("/") { piece = piece.dropLast() }
      guard !piece.contains("/"), !piece.contains("?") else { throw .path }
      let place = try Self.place(piece)
      names.append(piece)
      hosts.append(BrokerHost(name: place.host, port: place.port ?? Self.port))
      isLoopback = isLoopback && place.isLoopback
    }
    guard hosts.count <= 32 else { throw .tooMany }
    (self.isSecure, self.hosts, self.isLoopback) = (isSecure, hosts, isLoopback)
    shown = (isSecure ? "tls://" : "nats://") + names.joined(separator: ",")
    guard let login else {
      (user, password) = (nil, nil)
      return
    }
    let pair = login.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let user = try Self.decoded(pair[0])
    let password = pair.count > 1 ? try Self.decoded(pair[1]) : ""
    guard user.utf8.count <= 4096, password.utf8.count <= 4096 else { throw .user }
    self.user = user.isEmpty ? nil : user
    self.password = password.isEmpty ? nil : password
  }

  /// Whether a text begins with a scheme that asks for TLS, and what is behind it; nil where it begins with none of ours.
  private static func scheme(_ text: Substring) -> (isSecure: Bool, rest: Substring)? {
    guard let end = text.firstRange(of: "://") else { return nil }
    switch text[..<end.lowerBound].lowercased() {
    case "nats": return (false, text[end.upperBound...])
    case "tls": return (true, text[end.upperBound...])
    default: return nil
    }
  }

  private static func place(_ text: Substring) throws(Problem) -> HostAndPort {
    do { return try HostAndPort(text) } catch {
      switch error {
      case .malformed: throw .malformed
      case .host: throw .host
      case .port: throw .port
      }
    }
  }

  private static func decoded(_ text: Substring) throws(Problem) -> String {
    guard let bytes = Hexadecimal.percentDecoded(text.utf8), let text = String(validating: bytes, as: UTF8.self),
      !text.utf8.contains(0)
    else { throw .encoding }
    return text
  }
}
