// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A host and a port as an address has them.
package struct HostAndPort: Hashable, Sendable {
  /// What is wrong with one.
  package enum Problem: Error, Hashable, Sendable {
    case malformed
    case host
    case port
  }

  /// The host without brackets, as a system looks for it.
  package let host: String
  /// The port; nil where none is given.
  package let port: Int?
  /// Whether it is this machine.
  package let isLoopback: Bool

  /// Reads `host`, `host:port`, `[address]` or `[address]:port`.
  package init(_ text: Substring) throws(Problem) {
    let (host, isHost): (Substring, Bool)
    let portText: Substring
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { throw .malformed }
      host = text[..<end].dropFirst()
      isHost = Self.isIPv6(host)
      portText = text[text.index(after: end)...]
    } else {
      host = text.prefix { $0 != ":" }
      isHost = Self.isName(host)
      portText = text.dropFirst(host.count)
    }
    port = try Self.port(portText)
    guard !host.isEmpty else { throw .malformed }
    guard isHost else { throw .host }
    isLoopback = Self.isLoopback(host.lowercased())
    self.host = String(host.replacing("%25", with: "%"))
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

  private static func isLoopback(_ host: String) -> Bool {
    let octets = host.split(separator: ".", omittingEmptySubsequences: false)
    // A number may have a sign, an octet has none.
    let isIPv4Loopback =
      octets.count == 4 && octets[0] == "127"
      && octets.allSatisfy { UInt8($0) != nil && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    return host == "localhost" || host == "::1" || isIPv4Loopback
  }
}
