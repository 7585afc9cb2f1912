// SPDX-License-Identifier: Apache-2.0

import NIOCore
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
    let (host, isHost): (Substring, Bool)
    let portText: Substring
    if hostAndPort.hasPrefix("[") {
      guard let end = hostAndPort.firstIndex(of: "]") else { throw .malformed }
      host = hostAndPort[..<end].dropFirst()
      isHost = Self.isIPv6(host)
      portText = hostAndPort[hostAndPort.index(after: end)...]
    } else {
      host = hostAndPort.prefix { $0 != ":" }
      isHost = Self.isName(host)
      portText = hostAndPort.dropFirst(host.count)
    }
    port = try Self.port(portText) ?? (isSecure ? 443 : 80)
    guard !host.isEmpty else { throw .malformed }
    guard isHost else { throw .host }
    guard Self.isEncoded(text[authority.endIndex...]) else { throw .encoding }
    isLoopback = Self.isLoopback(host.lowercased())
    self.host = String(host.replacing("%25", with: "%"))
    user = try at.map { (at) throws(Problem) in try Self.decoded(authority[..<at]) }
    url = (isSecure ? "https://" : "http://") + text[hostAndPort.startIndex...]
  }

  /// What follows the host: nothing, or a colon and a port, which may be missing.
  private static func port(_ text: Substring) throws(Problem) -> Int? {
    guard !text.isEmpty else { return nil }
    guard text.hasPrefix(":") else { throw .malformed }
    let digits = text.dropFirst()
    guard !digits.isEmpty else { return nil }
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), (1...65_535).contains(port)
    else { throw .port }
    return port
  }

  /// Labels of letters, digits, hyphens and underscores: whatever else, written as `%XX` too, would go into the `Host` field of
  /// every request. Source: RFC 1123, section 2.1; RFC 1035, section 2.3.4.
  private static func isName(_ host: Substring) -> Bool {
    let labels = (host.hasSuffix(".") ? host.dropLast() : host).split(separator: ".", omittingEmptySubsequences: false)
    return host.utf8.count <= 254 && labels.allSatisfy { (1...63).contains($0.utf8.count) && isPlain($0) }
  }

  /// What stands between the brackets: an address, and perhaps `%25` and a zone. Source: RFC 6874, section 2.
  private static func isIPv6(_ host: Substring) -> Bool {
    let zone = host.firstRange(of: "%")
    let isZone = zone.map { host[$0.upperBound...].hasPrefix("25") && isPlain(host[$0.upperBound...].dropFirst(2)) }
    let address = try? SocketAddress(ipAddress: String(host[..<(zone?.lowerBound ?? host.endIndex)]), port: 0)
    guard case .v6 = address else { return false }
    return isZone ?? true
  }

  private static func isPlain(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
      }
  }

  /// Whether each `%` has two digits behind it. Source: RFC 3986, section 2.1.
  private static func isEncoded(_ text: Substring) -> Bool {
    text.utf8.split(separator: UInt8(ascii: "%"), omittingEmptySubsequences: false).dropFirst()
      .allSatisfy { $0.count >= 2 && $0.prefix(2).allSatisfy { Hexadecimal.value(of: $0) != nil } }
  }

  private static func isLoopback(_ host: String) -> Bool {
    let octets = host.split(separator: ".", omittingEmptySubsequences: false)
    // A number may have a sign, an octet has none.
    let isIPv4Loopback =
      octets.count == 4 && octets[0] == "127"
      && octets.allSatisfy { UInt8($0) != nil && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    return host == "localhost" || host == "::1" || isIPv4Loopback
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
