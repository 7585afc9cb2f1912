// SPDX-License-Identifier: Apache-2.0

package import Connections
import Octets

/// A broker's address, taken apart before anything is sent there. Source: RabbitMQ URI Specification; URI Query Parameters.
package struct AMQPAddress: Hashable, Sendable {
  /// What is wrong with an address. Its text is never shown, for it may hold a password.
  package enum Problem: String, Error, Hashable, Sendable, CustomStringConvertible {
    case malformed = "this is not an amqp address: amqps://user@host:port/vhost"
    case blank = "the address has a blank or a line end in it"
    case host = "the host is none that a broker can have"
    case encoding = "the address has a % without two digits behind it, or what is no text"
    case port = "the port is not one from 1 to 65535"
    case user = "a user or password of the address is too long"
    case virtualHost = "the virtual host has more than 255 bytes, or a / that is not written as %2F"
    case tooLong = "the address is too long"
    case tooMany = "the address has more than 32 hosts"
    case heartbeat = "the address's heartbeat is not one from 1 to 65535 seconds"
    case timeout = "the address's connection_timeout is not one from 1 to 3600000 milliseconds"
    case certificates =
      "certificates are not named in the address: use the settings for the authority's file, certificate and key"
    case verify = "the certificate of the broker is always verified; take verify out of the address"
    case parameter = "the address has a parameter other than heartbeat and connection_timeout"

    package var description: String { rawValue }
  }

  private static let longest = 8192

  /// Whether events travel encrypted.
  package let isSecure: Bool
  /// Whether all of it is this machine.
  package let isLoopback: Bool
  /// Where to connect, each for the others.
  package let hosts: [BrokerHost]
  package let virtualHost: String
  /// Decoded; nil where the address has none.
  package let user: String?
  package let password: String?
  /// In seconds.
  package private(set) var heartbeat: UInt16?
  package private(set) var connectTimeout: Duration?
  /// Without user, password and parameters.
  package let shown: String

  /// Reads an address.
  package init(_ text: String) throws(Problem) {
    guard text.utf8.count <= Self.longest else { throw .tooLong }
    guard !text.utf8.contains(where: { $0 == 0x20 || (0x09...0x0D).contains($0) }) else { throw .blank }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !#"#\"<>^`{|}"#.utf8.contains($0) }),
      let scheme = text.firstRange(of: "://")
    else { throw .malformed }
    switch text[..<scheme.lowerBound].lowercased() {
    case "amqp": isSecure = false
    case "amqps": isSecure = true
    default: throw .malformed
    }
    let authority = text[scheme.upperBound...].prefix { !"/?".contains($0) }
    let at = authority.lastIndex(of: "@")
    let places = at.map { authority[authority.index(after: $0)...] } ?? authority
    var (hosts, isLoopback): ([BrokerHost], Bool) = ([], true)
    let isSecure = isSecure
    for piece in places.split(separator: ",", omittingEmptySubsequences: false) {
      let place = try Self.place(piece)
      hosts.append(BrokerHost(name: place.host, port: place.port ?? (isSecure ? 5671 : 5672)))
      isLoopback = isLoopback && place.isLoopback
    }
    guard hosts.count <= 32 else { throw .tooMany }
    (self.hosts, self.isLoopback) = (hosts, isLoopback)
    if let at {
      let pair = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let user = try Self.decoded(pair[0])
      let password = pair.count > 1 ? try Self.decoded(pair[1]) : nil
      guard user.utf8.count <= 1024, (password ?? "").utf8.count <= 4096 else { throw .user }
      self.user = user.isEmpty ? nil : user
      self.password = (password ?? "").isEmpty ? nil : password
    } else {
      (user, password) = (nil, nil)
    }
    let path = text[authority.endIndex...].prefix { $0 != "?" }
    let name = path.dropFirst()
    // The specification calls a lone slash the host without a name, which no broker has.
    virtualHost = name.isEmpty ? "/" : try Self.decoded(name)
    guard !name.contains("/"), virtualHost.utf8.count <= 255 else { throw .virtualHost }
    shown = (isSecure ? "amqps://" : "amqp://") + places + (name.isEmpty ? "" : path)
    for parameter in text[path.endIndex...].dropFirst().split(separator: "&") { try take(parameter) }
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

  private mutating func take(_ parameter: Substring) throws(Problem) {
    let pair = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let value = pair.count > 1 ? try Self.decoded(pair[1]) : ""
    let number = value.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(value) : nil
    switch pair[0] {
    case "heartbeat":
      guard let number, (1...65_535).contains(number) else { throw .heartbeat }
      heartbeat = UInt16(number)
    case "connection_timeout":
      guard let number, (1...3_600_000).contains(number) else { throw .timeout }
      connectTimeout = .milliseconds(number)
    case "cacertfile", "certfile", "keyfile", "password": throw .certificates
    case "verify", "fail_if_no_peer_cert": throw .verify
    default: throw .parameter
    }
  }

  private static func decoded(_ text: Substring) throws(Problem) -> String {
    guard let bytes = Hexadecimal.percentDecoded(text.utf8), let text = String(validating: bytes, as: UTF8.self),
      !text.utf8.contains(0)
    else { throw .encoding }
    return text
  }
}
