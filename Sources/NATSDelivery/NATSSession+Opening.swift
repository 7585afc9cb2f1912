// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import Digests
import IntegrationEvents
import NIOCore
import PostgresWire

/// The way from a fresh connection to one that messages can be sent over. Source: NATS documentation, "Client Protocol".
extension NATSSession {
  /// What the server says of itself: first, and again whenever that changes.
  func take(_ info: ServerInfo) throws(WordBreach) {
    maximumPayload = info.maximumPayload
    if let others = info.others { opening.learn(opening.host, others) }
    guard phase == .info else {
      if info.isLameDuck { drain() }
      return
    }
    guard info.hasHeaders else { return fail(.noHeaders) }
    guard info.offersTLS || !opening.needsTLS else { return fail(.noTLS) }
    let isSecure = info.requiresTLS || opening.needsTLS
    if isSecure {
      // Whatever came in the clear behind it would be taken for something that came encrypted.
      guard reader.isEmpty else { throw .outOfTurn }
      guard startTLS() else { return }
    }
    guard let login = login(info, isSecure: isSecure) else {
      return fail(NATSTrouble("the libcrypto that is there computes no Ed25519", .destination))
    }
    phase = .login
    send("CONNECT \(login)\r\nSUB ")
    send(publishing.inbox)
    send("* 1\r\nPING\r\n")
    flush()
  }

  private func startTLS() -> Bool {
    guard let context else { return false }
    do {
      try opening.host.startTLS(on: context.channel, opening.certificates)
      return true
    } catch {
      fail(NATSTrouble(error))
      return false
    }
  }

  /// Who we are, as JSON; nil where nothing can be signed.
  private func login(_ info: ServerInfo, isSecure: Bool) -> String? {
    var members = [
      #""verbose":false"#, #""pedantic":false"#, #""tls_required":\#(isSecure)"#, #""headers":true"#,
      #""no_responders":true"#, #""echo":false"#, #""protocol":1"#, #""lang":"swift""#, #""version":"1""#,
      #""name":"tailrace""#,
    ]
    func add(_ name: String, _ value: String) { members.append("\"\(name)\":\(JSONText.string(value))") }
    switch opening.login {
    case .nobody: break
    case .token(let token): add("auth_token", token)
    case .password(let user, let password):
      add("user", user)
      add("pass", password)
    case .key(let credentials):
      do {
        if let token = credentials.token { add("jwt", token) } else { add("nkey", try credentials.publicKey()) }
        if let nonce = info.nonce { add("sig", try credentials.signature(of: nonce)) }
      } catch { return nil }
    }
    return "{\(members.joined(separator: ","))}"
  }
}
