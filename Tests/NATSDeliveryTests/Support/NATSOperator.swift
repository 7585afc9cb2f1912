// SPDX-License-Identifier: Apache-2.0

import Digests
import Foundation
import Octets
import TestDelivery

@testable import NATSDelivery

/// An operator with an account and users, as `nsc` would make them. Source: NATS documentation, "JWT" and "NKeys".
struct NATSOperator {
  /// A pair of keys by its seed.
  struct Identity {
    /// What its public key begins with.
    enum Kind: UInt8 {
      case account = 0
      case operators = 112
      case user = 160
    }

    let kind: Kind
    private let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max) }

    init(_ kind: Kind) { self.kind = kind }

    private func key() throws -> Ed25519Key {
      guard let key = Ed25519Key(seed: bytes) else { throw ScratchBroker.Failed(what: "there is no Ed25519") }
      return key
    }

    func name() throws -> String { Self.text([kind.rawValue] + (try key().publicKey())) }

    /// As it stands in files.
    var seed: String { Self.text([0x90 | kind.rawValue >> 5, (kind.rawValue & 31) << 3] + bytes) }

    func signature(of text: String) throws -> [UInt8] { try key().signature(of: Array(text.utf8)) }

    /// Two bytes that prove the others stand behind them.
    private static func text(_ bytes: [UInt8]) -> String {
      var sum: UInt16 = 0
      for byte in bytes {
        sum ^= UInt16(byte) << 8
        for _ in 0..<8 { sum = sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
      }
      return Base32.encode(bytes + [UInt8(truncatingIfNeeded: sum), UInt8(sum >> 8)])
    }
  }

  let account = Identity(.account)
  private let root = Identity(.operators)
  private let system = Identity(.account)

  /// A signed text of claims.
  private func token(
    of subject: Identity, by issuer: Identity, named name: String, _ claims: [String: Any], expiry: Int? = nil
  ) throws -> String {
    var body: [String: Any] = [
      "jti": UUID().uuidString, "iat": Int(Date().timeIntervalSince1970) - 60, "iss": try issuer.name(),
      "name": name, "sub": try subject.name(), "nats": claims.merging(["version": 2]) { $1 },
    ]
    if let expiry { body["exp"] = expiry }
    func part(_ value: [String: Any]) throws -> String {
      Self.base64(Array(try JSONSerialization.data(withJSONObject: value)))
    }
    let text = try part(["typ": "JWT", "alg": "ed25519-nkey"]) + "." + part(body)
    return text + "." + Self.base64(try issuer.signature(of: text))
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// Lines of a server's configuration. Accounts have no limits.
  func configuration() throws -> [String] {
    var limits: [String: Any] = ["wildcards": true]
    for name in [
      "subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage", "streams",
      "consumer",
    ] { limits[name] = -1 }
    var plain = limits
    for name in ["mem_storage", "disk_storage", "streams", "consumer"] { plain[name] = 0 }
    let systemName = try system.name()
    return [
      "operator: \"\(try token(of: root, by: root, named: "o", ["type": "operator", "system_account": systemName]))\"",
      "system_account: \(systemName)", "resolver: MEMORY",
      "resolver_preload: {",
      "\(try account.name()): \"\(try token(of: account, by: root, named: "a", ["type": "account", "limits": limits]))\"",
      "\(systemName): \"\(try token(of: system, by: root, named: "s", ["type": "account", "limits": plain]))\"", "}",
    ]
  }

  /// The text of a file of a user's credentials.
  ///
  /// - Parameters:
  ///   - seconds: from now on when it expires; nil for never.
  ///   - seed: another than the user's own.
  func credentials(expiringIn seconds: Int? = nil, seed: String? = nil) throws -> String {
    let user = Identity(.user)
    let claims: [String: Any] = ["type": "user", "subs": -1, "data": -1, "payload": -1]
    let token = try token(
      of: user, by: account, named: "u", claims, expiry: seconds.map { Int(Date().timeIntervalSince1970) + $0 })
    return """
      -----BEGIN NATS USER JWT-----
      \(token)
      ------END NATS USER JWT------

      -----BEGIN USER NKEY SEED-----
      \(seed ?? user.seed)
      ------END USER NKEY SEED------
      """
  }
}
