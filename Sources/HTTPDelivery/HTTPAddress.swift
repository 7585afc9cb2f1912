// SPDX-License-Identifier: Apache-2.0

import Connections
import Octets

/// An address to post to, taken apart before anything is sent there.
package struct HTTPAddress: Hashable, Sendable {
  /// What is wrong with an address. Its text is never shown, for it may hold a password.
  package enum Problem: String, Error, Hashable, Sendable, CustomStringConvertible {
    case malformed = "this is not an http address"
    case blank = "the address has a blank or a line end in it"
    case host = "the host is none that a receiver can have"
    case encoding = "the address has a % without two digits behind it; write it as %25"
    case port = "the port is not one from 1 to 65535"
    case user = "user and password of the address are malformed: write what is special in them as %XX"
    case tooLong = "the address is too long"

    package var description: String { rawValue }
  }

  /// The longest address, in bytes. With the header fields it must fit into a request's head.
  private static let longest = 8192

  /// Without user and password.
  package let url: String
  /// Whether events travel encrypted.
  package let isSecure: Bool
  /// Whether it is this machine.
  package let isLoopback: Bool
  /// The host without brackets, as a system looks for it.
  package let host: String
  /// The port, by the scheme where none is given.
  package let port: Int
  /// `user:password`, decoded; nil where the address has none.
  package let user: String?

  /// Reads an address.
  package init(_ text: String) throws(Problem) {
    guard text.utf8.count <= Self.longest else { throw .tooLong }
    guard !text.utf8.contains(where: { $0 == 0x20 || (0x09...0x0D).contains($0) }) else { throw .blank }
    // Neither a fragment nor what no URL has: not all readers of addresses agree about where the host then ends.
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !#"#\"<>^`{|}"#.utf8.contains($0) }),
      let scheme = text.firstRange(of: "://")
    else {
      throw .malformed
    }
    switch text[..<scheme.lowerBound].lowercased() {
    case "http": isSecure = false
    case "https": isSecure = true
    default: throw .malformed
    }
    let authority = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
    let at = authority.lastIndex(of: "@")
    let hostAndPort = at.map { authority[authority.index(after: $0)...] } ?? authority
    let place: HostAndPort
    do { place = try HostAndPort(hostAndPort) } catch {
      switch error {
      case .malformed: throw .malformed
      case .host: throw .host
      case .port: throw .port
      }
    }
    port = place.port ?? (isSecure ? 443 : 80)
    guard Self.isEncoded(text[authority.endIndex...]) else { throw .encoding }
    (host, isLoopback) = (place.host, place.isLoopback)
    user = try at.map { (at) throws(Problem) in try Self.decoded(authority[..<at]) }
    url = (isSecure ? "https://" : "http://") + text[hostAndPort.startIndex...]
  }

  /// Whether each `%` has two digits behind it. Source: RFC 3986, section 2.1.
  private static func isEncoded(_ text: Substring) -> Bool {
    text.utf8.split(separator: UInt8(ascii: "%"), omittingEmptySubsequences: false).dropFirst()
      .allSatisfy { $0.count >= 2 && $0.prefix(2).allSatisfy { Hexadecimal.value(of: $0) != nil } }
  }

  /// `user:password` as it was before it was put into an address. Source: RFC 3986, section 2.1.
  private static func decoded(_ text: Substring) throws(Problem) -> String {
    var (bytes, rest): ([UInt8], Substring.UTF8View) = ([], text.utf8)
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap({ Hexadecimal.value(of: $0) }),
        let low = rest.popFirst().flatMap({ Hexadecimal.value(of: $0) })
      else { throw .user }
      bytes.append(high << 4 | low)
    }
    guard let user = String(validating: bytes, as: UTF8.self), !user.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
    else { throw .user }
    return user.contains(":") ? user : user + ":"
  }
}
