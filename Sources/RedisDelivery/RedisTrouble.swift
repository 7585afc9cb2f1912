// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import NIOCore
import Octets
import PostgresWire

/// Why nothing can be stored now, or why an event was not. Source: Redis documentation, "Error replies" and "ACL"; the server's
/// texts of version 7.
struct RedisTrouble: Error, Hashable {
  var reason: String
  var subject = TroubleSubject.server
  /// Whether it is of where this event goes, not of what the others go through.
  var isLocal = false
  var hint: Wording?
  /// Whether another connection may find another server, or log in again.
  var endsSession = false

  init(
    _ reason: String, _ subject: TroubleSubject = .server, isLocal: Bool = false, hint: Wording? = nil,
    endsSession: Bool = false
  ) {
    (self.reason, self.subject, self.isLocal) = (reason, subject, isLocal)
    (self.hint, self.endsSession) = (hint, endsSession)
  }

  /// What an event is told that shares it.
  var verdict: Attempt.Verdict { subject.verdict(trouble) }

  var trouble: Attempt.Trouble {
    .init(
      reason, concernsReceiver: subject.concernsReceiver, isLocal: isLocal, hint: hint?.description)
  }

  /// What a connection's error means.
  init(_ error: any Error) {
    switch error {
    case let error as RedisTrouble: self = error
    case let error as ReplyBreach: self.init("\(error)", hint: "check host and port, and redis:// or rediss://")
    default:
      switch ConnectionTrouble(error, plain: "give the port of TLS (tls-port), or a redis:// address") {
      case .failed(let why): self.init(why)
      case .untrusted(let why, let advice): self.init(why, .destination, hint: advice)
      case nil: self.init("the connection failed (\(type(of: error)))")
      }
    }
  }

  /// What the server says, of a stream where there is one. The words are ours.
  init(answer: [UInt8], stream: [UInt8]? = nil) {
    let text = String(decoding: answer.prefix(512), as: UTF8.self)
    let first = text.prefix { $0 != " " }
    // Older servers put what a script was told behind its place in the script.
    let code = Self.codes.contains(String(first)) ? String(first) : Self.codes.first { text.contains("-\($0) ") } ?? ""
    let place = stream.map { "the stream \(ForeignText(String(decoding: $0, as: UTF8.self)).shortened())" } ?? "a key"
    switch code {
    case "OOM":
      self.init("OOM: its memory is full", hint: "raise maxmemory, or keep less (\(setting: "redis-maxlen"))")
    case "LOADING": self.init("LOADING: it is reading its data after a start")
    case "READONLY": self.init("READONLY: it is a replica", hint: "name the master in the address", endsSession: true)
    case "MASTERDOWN": self.init("MASTERDOWN: it is a replica and has lost its master", endsSession: true)
    case "BUSY", "UNKILLABLE": self.init("\(code): it is busy with somebody's script")
    case "MISCONF":
      self.init(
        "MISCONF: it cannot save its data and takes none", hint: "look at its log, its disk and INFO persistence")
    case "NOREPLICAS": self.init("NOREPLICAS: it has fewer replicas than it wants (min-replicas-to-write)")
    case "MOVED", "ASK", "CLUSTERDOWN", "TRYAGAIN", "CROSSSLOT":
      self.init(
        "\(code): it is a node of a cluster, and \(place) is at another", .destination,
        hint: "use a server that is no cluster")
    case "NOAUTH", "DENIED":
      self.init(
        "\(code): it wants a user or a password", .login,
        hint: "name the user in the address, and \(setting: "sink-password-file")", endsSession: true)
    case "WRONGPASS":
      self.init(
        "WRONGPASS: it does not take the user or the password", .login,
        hint: "check user and password, and \(setting: "sink-password-file")", endsSession: true)
    case "NOPERM":
      self.init(
        "NOPERM: the user may not write to \(place)", .permission,
        hint: "let the user (ACL SETUSER … ~outbox.event.* +eval +xadd +xrange +xrevrange)")
    case "WRONGTYPE":
      self.init(
        "WRONGTYPE: \(place) is something else than a stream", .destination, isLocal: true,
        hint: "rename or delete that key, or choose another \(setting: "route")")
    default:
      if text.contains("Elements are too large") {
        self.init("it is larger than an entry can be", .event)
      } else if text.contains("user executing the script can't") || text.contains("can't run this command") {
        self.init(answer: Array("NOPERM ".utf8), stream: stream)
      } else if text.contains("AUTH") {
        self.init(
          "it does not take the login", .login, hint: "check user and password: an old server knows no users",
          endsSession: true)
      } else if text.contains("DB index is out of range") {
        self.init(
          "it has no database of that number", .destination, hint: "check the number behind the address's slash")
      } else if text.contains("max number of clients") {
        self.init("it has as many clients as it takes (maxclients)", endsSession: true)
      } else if text.contains("SELECT is not allowed in cluster mode") {
        self.init("it is a node of a cluster", .destination, hint: "use a server that is no cluster")
      } else if text.contains("exhausted the last possible ID") {
        self.init(
          "\(place) has an entry with the last id there can be", .destination, isLocal: true,
          hint: "rename or delete that stream, or choose another \(setting: "route")")
      } else if Self.isUnknownCommand(text) {
        self.init(
          "it does not know a command that is needed", .destination,
          hint: "it has to be Redis 5 or newer, with EVAL, XADD, XRANGE and XREVRANGE by their own names")
      } else {
        self.init("it answers with an error (\(Self.shown(first)))", .unclear)
      }
    }
  }

  /// Whether the server says that there is no such command: too old, or renamed. Its scripts say it in other words.
  static func isUnknownCommand(_ text: String) -> Bool {
    text.contains("unknown command") || text.contains("Unknown Redis command")
  }

  /// A code as servers have them, and nothing else.
  private static func shown(_ word: Substring) -> String {
    (1...20).contains(word.utf8.count) && word.utf8.allSatisfy { (0x41...0x5A).contains($0) } ? String(word) : "ERR"
  }

  private static let codes: Set<String> = [
    "OOM", "LOADING", "READONLY", "MASTERDOWN", "BUSY", "UNKILLABLE", "MISCONF", "NOREPLICAS", "MOVED", "ASK",
    "CLUSTERDOWN", "TRYAGAIN", "CROSSSLOT", "NOAUTH", "DENIED", "WRONGPASS", "NOPERM", "WRONGTYPE",
  ]

  /// What whoever asks is told.
  func failure(of destination: String) -> Failure {
    Failure(subject.failureKind, "\(destination): \(reason)", advice: hint)
  }

  static func silent(_ seconds: Int64) -> RedisTrouble {
    RedisTrouble("no answer within \(seconds) s", hint: "it is overloaded, or its disk is slow", endsSession: true)
  }

  static let mute = RedisTrouble(
    "logging in took too long", hint: "check host and port, and redis:// or rediss://: a plain port is mute to TLS")

  static let waits = RedisTrouble("waits for an earlier event", isLocal: true)
  static let closed = RedisTrouble("the publisher is closed")
}
