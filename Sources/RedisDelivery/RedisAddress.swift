// SPDX-License-Identifier: Apache-2.0

package import Connections
import Octets

/// A server's address, taken apart before anything is sent there. Source: IANA's registration of the schemes `redis` and `rediss`.
package struct RedisAddress: Hashable, Sendable {
  /// What is wrong with an address. Its text is never shown, for it may hold a password.
  package enum Problem: String, Error, Hashable, Sendable, CustomStringConvertible {
    case malformed = "this is not a redis address: rediss://user@host:port/0"
    case blank = "the address has a blank or a line end in it"
    case host = "the host is none that a server can have"
    case encoding = "the address has a % without two digits behind it, or what is no text"
    case port = "the port is not one from 1 to 65535"
    case user = "a user or password of the address is too long"
    case database = "the number of the database behind the slash is none"
    case tooLong = "the address is too long"
    case parameter = "the address has parameters behind a ?; there are settings for them"

    package var description: String { rawValue }
  }

  private static let longest = 8192

  /// Whether events travel encrypted.
  package let isSecure: Bool
  /// Whether it is this machine.
  package let isLoopback: Bool
  package let host: BrokerHost
  package let database: Int
  /// Decoded; nil where the address has none.
  package let user: String?
  package let password: String?
  /// Without user and password.
  package let shown: String

  /// Reads an address.
  package init(_ text: String) throws(Problem) {
    guard text.utf8.count <= Self.longest else { throw .tooLong }
    guard !text.utf8.contains(where: { $0 == 0x20 || (0x09...0x0D).contains($0) }) else { throw .blank }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !#"#\"<>^`{|}"#.utf8.contains($0) }),
      let scheme = text.firstRange(of: "://")
    else { throw .malformed }
    switch text[..<scheme.lowerBound].lowercased() {
    case "redis": isSecure = false
    case "rediss": isSecure = true
    default: throw .malformed
    }
    let authority = text[scheme.upperBound...].prefix { !"/?".contains($0) }
    let at = authority.lastIndex(of: "@")
    let place = at.map { authority[authority.index(after: $0)...] } ?? authority
    let found: HostAndPort
    do { found = try HostAndPort(place) } catch {
      switch error {
      case .malformed: throw .malformed
      case .host: throw .host
      case .port: throw .port
      }
    }
    host = BrokerHost(name: found.host, port: found.port ?? 6379)
    isLoopback = found.isLoopback
    if let at {
      let pair = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let user = try Self.decoded(pair[0])
      let password = pair.count > 1 ? try Self.decoded(pair[1]) : ""
      guard user.utf8.count <= 1024, password.utf8.count <= 4096 else { throw .user }
      self.user = user.isEmpty ? nil : user
      self.password = password.isEmpty ? nil : password
    } else {
      (user, password) = (nil, nil)
    }
    let path = text[authority.endIndex...]
    guard !path.contains("?") else { throw .parameter }
    let digits = path.dropFirst()
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.utf8.count <= 9 else { throw .database }
    database = Int(digits) ?? 0
    shown = (isSecure ? "rediss://" : "redis://") + place + (digits.isEmpty ? "" : path)
  }

  private static func decoded(_ text: Substring) throws(Problem) -> String {
    guard let bytes = Hexadecimal.percentDecoded(text.utf8), let text = String(validating: bytes, as: UTF8.self),
      !text.utf8.contains(0)
    else { throw .encoding }
    return text
  }
}
