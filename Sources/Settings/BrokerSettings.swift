// SPDX-License-Identifier: Apache-2.0

public import Delivery
import Octets
import PostgresWire

/// What holds for all brokers.
public struct BrokerSettings: Hashable, Sendable {
  /// Where an event goes there. Default: the broker's own.
  public var route: Route?
  /// The file of the password of the user in the sink's address.
  public var passwordFile: String?

  /// Makes settings with the defaults.
  public init() {}
}

/// Where brokers are that tell of each other: `kafka:host:port,host:port` or `kafka://user@host:port`.
public struct BrokerAddress: Hashable, Sendable {
  /// Who we are; nil where nobody asks.
  public let user: String?
  /// Each as `host:port`.
  public let hosts: [String]

  /// Whether all are on this machine.
  var isLoopback: Bool {
    hosts.allSatisfy { $0.hasPrefix("127.") || $0.hasPrefix("localhost:") || $0.hasPrefix("[::1]:") }
  }

  /// Reads what stands behind the scheme and its colon.
  init(_ text: Substring, port: Int) throws(Failure) {
    var rest = text.hasPrefix("//") ? text.dropFirst(2) : text
    var user: String?
    if let at = rest.lastIndex(of: "@") {
      let name = rest[..<at]
      guard !name.contains(":") else {
        throw .setting(
          "sink", "a password does not belong into the address; use \(setting: "sink-password-file", "PATH")")
      }
      user = Hexadecimal.percentDecoded(name.utf8).flatMap { String(validating: $0, as: UTF8.self) }
      guard let user, !user.isEmpty, !user.utf8.contains(0) else {
        throw .setting("sink", "the user in the address is none")
      }
      rest = rest[rest.index(after: at)...]
    }
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    var hosts: [String] = []
    for host in rest.split(separator: ",", omittingEmptySubsequences: false) { hosts.append(try Self.host(host, port)) }
    (self.user, self.hosts) = (user, hosts)
  }

  private static func host(_ text: Substring, _ standard: Int) throws(Failure) -> String {
    var (name, port) = (text, text[text.endIndex...])
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      name = text[...end]
      port = text[text.index(after: end)...]
    } else if let colon = text.lastIndex(of: ":") {
      name = text[..<colon]
      port = text[colon...]
    }
    let isName = name.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")].contains(byte)
    }
    let isNumber = name.hasPrefix("[") && name.hasSuffix("]") && name.count > 3
    let number = port.isEmpty ? standard : port.dropFirst().allSatisfy(\.isASCII) ? Int(port.dropFirst()) : nil
    guard isName || isNumber, !name.isEmpty, let number, (1...65535).contains(number) else {
      throw .setting("sink", "it is not a list of hosts, such as kafka:h1:9092,h2:9092")
    }
    return "\(name):\(number)"
  }
}
