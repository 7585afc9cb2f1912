// SPDX-License-Identifier: Apache-2.0

import HTTPDelivery
public import PostgresWire

/// Where a relay tells how it is getting on.
public struct AdminSettings: Hashable, Sendable {
  /// `HOST:PORT`. Default: nowhere.
  public var address: String?
  /// A file with the token that whoever asks from elsewhere has to give. Default: none.
  public var tokenFile: String?

  /// Makes settings with the defaults.
  public init() {}

  /// What an operator should know of the token's file.
  public var warnings: [Wording] { CredentialFiles().warnings(secrets: [tokenFile].compactMap { $0 }) }

  /// Refuses what cannot be an address.
  public func validate() throws(Failure) {
    guard let address else {
      if tokenFile != nil { throw .setting("admin-token-file", "needs \(setting: "admin", "HOST:PORT")") }
      return
    }
    guard AdminAddress(address) != nil else {
      throw .setting("admin", "'\(address)' is not an address and a port, such as 127.0.0.1:9464 or [::1]:9464")
    }
  }

  /// The address; one that others reach needs a token, so that not everybody may ask.
  public func place() throws(Failure) -> AdminAddress? {
    try validate()
    guard let place = address.flatMap({ AdminAddress($0) }) else { return nil }
    guard place.isLoopback || tokenFile != nil else {
      throw Failure(
        .settings, "\(setting: "admin", address): other machines reach this address, and could ask without being known",
        advice: "add \(setting: "admin-token-file", "PATH"), or use 127.0.0.1:\(place.port)")
    }
    return place
  }
}

/// An address of this machine to listen at.
public struct AdminAddress: Hashable, Sendable {
  /// The host's name or number, without brackets.
  public let host: String
  /// The port; 0 for any that is free.
  public let port: Int

  /// Reads `HOST:PORT`; IPv6 numbers stand in brackets.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard (1...5).contains(digits.utf8.count), digits.allSatisfy({ $0.isASCII && $0.isNumber }),
      let port = Int(digits), port <= 65_535
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
    } else {
      guard host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }) else {
        return nil
      }
    }
    guard !host.isEmpty else { return nil }
    self.host = String(host)
    self.port = port
  }

  /// Whether only this machine reaches it.
  public var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// As it is written in an address to ask.
  public var shown: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
