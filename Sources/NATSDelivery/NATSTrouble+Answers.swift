// SPDX-License-Identifier: Apache-2.0

import Delivery
import PostgresWire

/// What servers say, in words of ours. Source: NATS server, errors of its client protocol, and `errors.json` for JetStream.
extension NATSTrouble {
  /// What JetStream says of a message, or of what was asked.
  init(status: Int, code: Int, text: String, pattern: String) {
    let name = "JetStream error \(code)"
    switch code {
    case 10054:
      self.init("it is larger than the stream takes (max_msg_size)", .event)
    case 10097: self.init("its headers are larger than a stream takes", .event)
    case 10077, 10122:
      self.init(
        "\(name): a stream did not take it: it is full, or cannot store", .server, isLocal: true,
        hint: "look at the stream's limits (max_msgs, max_bytes, discard), and at the server's disk",
        // It has room again as soon as something is taken out.
        longestPause: .seconds(5))
    case 10023, 10028, 10046, 10047, 10002:
      self.init(
        "\(name): the server or the account has no room left", hint: "raise JetStream's limits, or keep less",
        longestPause: .seconds(10))
    case 10039, 10076, 10035:
      self.init(
        "\(name): there is no JetStream for this account", .destination, hint: "enable JetStream there")
    case 10109: self.init("\(name): the stream is sealed", .destination, isLocal: true, hint: "use another stream")
    case 10059: self = Self.noStream(pattern)
    case 10065:
      self.init(
        "\(name): another stream has some of the subjects \(pattern) already", .destination,
        hint: "choose another \(setting: "route"), or leave \(setting: "nats-create-stream") out")
    case 10060, 10070, 10071, 10164:
      self.init(
        "\(name): the stream expects another message", .destination, isLocal: true, hint: "look at the stream's set-up")
    case 10158, 10201, 10168: self.init("\(name): it is being stored already", isLocal: true, longestPause: .seconds(1))
    case 10167: self.init("\(name): it has too much to do", longestPause: .seconds(5))
    case 10003, 10008, 10009, 10074, 10118, 10075:
      self.init(
        "\(name): the cluster cannot store now", isLocal: true, hint: "a stream has no majority of its replicas")
    default:
      switch status {
      case 503: self.init("\(code > 0 ? name : "503"): it cannot store now", isLocal: true)
      case 403: self.init("\(code > 0 ? name : "403"): it is not permitted", .permission, isLocal: true)
      default: self.init("it answers with an error (\(code > 0 ? name : "\(status)"))", .unclear)
      }
    }
  }

  /// What a server says before it ends a connection, or instead. It hits all events that are on their way, so that it is the fault
  /// of none.
  init(words: String) {
    let text = words.lowercased()
    func has(_ piece: String) -> Bool { text.contains(piece) }
    if has("authentication expired") || has("authentication revoked") {
      self.init(
        "the user's JWT has expired or was revoked", .login, hint: "renew it (\(setting: "nats-credentials-file"))")
    } else if has("authentication timeout") {
      self.init("logging in took the server too long")
    } else if has("authorization violation") || has("authorization timeout") {
      self.init(
        "it does not take the user, the password or the token", .login,
        hint: "check the address, \(setting: "sink-password-file") and \(setting: "nats-credentials-file")")
    } else if has("maximum connections") || has("maximum account active connections") {
      self.init("it has as many clients as it takes (max_connections)")
    } else if has("maximum payload") {
      self.init("it takes smaller messages since (max_payload)")
    } else if has("maximum control line") {
      self.init(
        "a subject is longer than its lines can be (max_control_line)", .destination, hint: "raise max_control_line")
    } else if has("stale connection") {
      self.init("it gave the connection up (stale connection)")
    } else if has("slow consumer") {
      self.init("it gave the connection up (slow consumer)")
    } else if has("tls required") || has("tls_required") {
      self.init("it wants TLS", .destination, hint: "use a tls:// address")
    } else if has("headers not supported") {
      self = Self.noHeaders
    } else if has("wrong port") || has("attempted to connect to route") || has("leafnode port") {
      self.init("it is no port for clients", .destination, hint: "check the port")
    } else if has("account") && has("not found") || has("account fetch") {
      self.init("it does not know the account", .login, hint: "check \(setting: "nats-credentials-file")")
    } else if has("permissions violation") {
      self.init(
        "the user may not do what is needed", .permission, hint: "let the user publish, and listen to the answers")
    } else if has("server shutdown") || has("shutting down") {
      self.init("it is shutting down")
    } else if has("invalid subject") || has("invalid publish subject") {
      self.init("it does not take a subject", .destination, hint: "look at \(setting: "route")")
    } else if has("parser error") || has("unknown protocol") {
      self.init("it does not understand us", hint: "check host and port: it has to be NATS 2.2 or newer")
    } else {
      self.init("it ends the connection with an error")
    }
  }
}
