// SPDX-License-Identifier: Apache-2.0

package import PostgresWire

/// Which proxy stands before receivers, as the environment says it to most programs. Only addresses of `https://` go through
/// one, by CONNECT, so that it sees neither events nor credentials; receivers on this machine never do.
public struct ProxySettings: Hashable, Sendable {
  /// The proxy's address: `http://`, and perhaps a user and a password. Nil for none.
  public var address: String?
  /// Which variable or setting said so, for messages.
  public var origin = "proxy"
  /// The hosts that are posted to directly: names with all that end so, addresses, blocks of IPv4 addresses, `*` for all, with
  /// commas between; each may have a port.
  public var exceptions = ""

  /// No proxy.
  public init() {}

  /// What the environment says: `https_proxy` or `all_proxy`, and `no_proxy`, each also in capitals.
  public init(environment: (String) -> String?) {
    for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] where address == nil {
      address = environment(name)
      if address != nil { origin = name }
    }
    exceptions = environment("no_proxy") ?? environment("NO_PROXY") ?? ""
  }

  /// The proxy before a receiver; nil for none.
  func proxy(before receiver: HTTPAddress) throws(Failure) -> HTTPAddress? {
    guard let address, receiver.isSecure, !receiver.isLoopback, !isException(receiver) else { return nil }
    let proxy: HTTPAddress
    do { proxy = try HTTPAddress(address.contains("://") ? address : "http://\(address)") } catch {
      throw refusal("\(error)")
    }
    guard !proxy.isSecure else {
      throw refusal("it is reached over http:// only; what goes through it is encrypted all the same")
    }
    return proxy
  }

  /// What an operator should know of the proxy before a receiver; nil for nothing.
  package func warning(before url: String) -> Wording? {
    guard let receiver = try? HTTPAddress(url), let proxy = (try? proxy(before: receiver)) ?? nil, proxy.user != nil,
      !proxy.isLoopback
    else { return nil }
    return """
      the proxy's user and password, which \(origin) names, travel in the clear: whoever is between here and \(proxy.host) \
      reads them
      """
  }

  private func refusal(_ what: String) -> Failure {
    Failure(
      .receiver, "the proxy that \(origin) names cannot be used: \(what)",
      advice: "write http://HOST:PORT there, or name the receiver's host in no_proxy")
  }

  private func isException(_ receiver: HTTPAddress) -> Bool {
    let host = Self.name(receiver.host)
    return exceptions.split(whereSeparator: { $0 == "," || $0.isWhitespace }).contains { entry in
      var pattern = entry
      // Two colons are an IPv6 address.
      if let colon = entry.lastIndex(of: ":"), entry.hasPrefix("[") || entry.firstIndex(of: ":") == colon,
        let port = Int(entry[colon...].dropFirst())
      {
        guard port == receiver.port else { return false }
        pattern = entry[..<colon]
      }
      if pattern == "*" { return true }
      if pattern.contains("/") { return Self.isInBlock(host, pattern) }
      let name = Self.name(pattern.trimmingPrefix("*"))
      let domain = name.trimmingPrefix(".")
      return !domain.isEmpty && (host == domain || host.hasSuffix(".\(domain)"))
    }
  }

  /// Names are the same in capitals, in brackets, and with a dot at their end.
  private static func name(_ text: some StringProtocol) -> String {
    var name = text.lowercased()
    if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
    if name.hasSuffix(".") { name.removeLast() }
    return name
  }

  /// Whether an IPv4 address lies in a block, such as `10.0.0.0/8`.
  private static func isInBlock(_ host: String, _ block: Substring) -> Bool {
    let parts = block.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let bits = Int(parts[1]), (0...32).contains(bits), let start = number(parts[0]),
      let address = number(host[...])
    else { return false }
    return bits == 0 || (address ^ start) >> (32 - UInt32(bits)) == 0
  }

  private static func number(_ text: Substring) -> UInt32? {
    let octets = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    guard octets.count == 4 else { return nil }
    return octets.reduce(0 as UInt32?) { sum, octet in
      guard let sum, let octet else { return nil }
      return sum << 8 | UInt32(octet)
    }
  }
}
