// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
import Settings

/// By which names the admin address may be asked. A web page can have its own name point at this machine: a browser here would
/// ask for it, with that name, and show it the answer.
struct AdminHosts: Sendable {
  /// In lower case; nil where a token is wanted, or others reach it anyway.
  private let names: Set<String>?

  init(_ place: AdminAddress, hasToken: Bool) {
    names =
      place.isLoopback && !hasToken
      ? ["localhost", "127.0.0.1", "::1", place.host.lowercased()] : nil
  }

  /// What is answered to a request that does not name us; nil for one that does.
  ///
  /// Source: RFC 9112, section 3.2; RFC 9110, section 15.5.20.
  func refusal(of head: HTTPRequestHead) -> AdminAnswer? {
    let given = head.headers["host"]
    guard given.count == 1 || given.isEmpty && head.version == .http1_0 else { return .noHost }
    guard let names, let host = given.first else { return nil }
    return Self.name(host).map(names.contains) == true ? nil : .misdirected
  }

  /// The name without the port, which is another where a tunnel leads here; nil for what is no name.
  private static func name(_ host: String) -> String? {
    // Two colons are an IPv6 address.
    let end = host.hasPrefix("[") ? host.firstIndex(of: "]").map(host.index(after:)) : host.firstIndex(of: ":")
    let (name, port) = (host[..<(end ?? host.endIndex)], host[(end ?? host.endIndex)...])
    guard port.isEmpty || port.hasPrefix(":") && port.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    guard name.hasPrefix("[") else { return name.contains(":") ? nil : name.lowercased() }
    return name.hasSuffix("]") ? name.dropFirst().dropLast().lowercased() : nil
  }
}
