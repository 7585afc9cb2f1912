// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import NIOCore
import Octets
import PostgresWire

/// Why nothing can be stored now, or why an event was not.
struct NATSTrouble: Error, Hashable {
  var reason: String
  var subject = TroubleSubject.server
  /// Whether it is of where this event goes, not of what the others go through.
  var isLocal = false
  var hint: Wording?
  var longestPause: Duration?

  init(
    _ reason: String, _ subject: TroubleSubject = .server, isLocal: Bool = false, hint: Wording? = nil,
    longestPause: Duration? = nil
  ) {
    (self.reason, self.subject, self.isLocal) = (reason, subject, isLocal)
    (self.hint, self.longestPause) = (hint, longestPause)
  }

  /// What an event is told that shares it.
  var verdict: Attempt.Verdict { subject.verdict(trouble) }

  var trouble: Attempt.Trouble {
    .init(
      reason, concernsReceiver: subject.concernsReceiver, isLocal: isLocal, hint: hint?.description,
      longestPause: longestPause)
  }

  /// What a connection's error means.
  init(_ error: any Error) {
    switch error {
    case let error as NATSTrouble: self = error
    case let error as WordBreach: self.init("\(error)", hint: "check host and port, and nats:// or tls://")
    default:
      switch ConnectionTrouble(error, plain: "give the port of TLS, or a nats:// address") {
      case .failed(let why): self.init(why)
      case .untrusted(let why, let advice): self.init(why, .destination, hint: advice)
      case nil: self.init("the connection failed (\(type(of: error)))")
      }
    }
  }

  /// What whoever asks is told.
  func failure(of destination: String) -> Failure {
    Failure(subject.failureKind, "\(destination): \(reason)", advice: hint)
  }

  static func silent(_ seconds: Int64) -> NATSTrouble {
    NATSTrouble(
      "no answer within \(seconds) s", isLocal: true,
      hint: "a stream has no leader, does not answer (no_ack), or its disk is slow")
  }

  static func noStream(_ pattern: String, _ advice: Wording = NATSTrouble.streamAdvice) -> NATSTrouble {
    NATSTrouble(
      "503: no stream takes \(pattern)", .destination, isLocal: true, hint: advice, longestPause: .seconds(5))
  }

  /// What to do where no stream takes the events' subjects.
  static func advice(_ configuration: NATSConfiguration) -> Wording {
    guard let name = configuration.createdStream else { return streamAdvice }
    return "make the stream \(ForeignText(name).shortened(to: 64)) again with these subjects, or start anew"
  }

  static let streamAdvice: Wording = "make a stream with these subjects, or let \(setting: "nats-create-stream") do it"
  static let lettersAdvice: Wording =
    "make a stream that takes this subject, or keep letters in a file or a table (\(setting: "dead-letters"))"

  static func notPermitted(_ pattern: String) -> NATSTrouble {
    NATSTrouble(
      "the user may not publish to \(pattern)", .permission, isLocal: true,
      hint: "let the user publish there (permissions)", longestPause: .seconds(5))
  }

  /// An id is another event's.
  ///
  /// - Parameters:
  ///   - source: whose that is; nil where it is no event.
  ///   - isOurs: whether that is the source of ours too.
  static func taken(_ stream: String, by source: String?, isOurs: Bool) -> NATSTrouble {
    let other = source.map { "an event of \($0)\(isOurs ? " with other content" : "")" } ?? "another message"
    return NATSTrouble(
      "the stream \(stream) has \(other) under the same id (Nats-Msg-Id)", .destination, isLocal: true,
      hint:
        "give each outbox a stream of its own, or ids that no other event has; it goes on when the stream has forgotten that id (duplicate_window)",
      longestPause: .seconds(5))
  }

  /// An id may be another event's.
  static func unclear(_ stream: String, _ why: String) -> NATSTrouble {
    NATSTrouble(
      "the stream \(stream) had an event of the same id already (Nats-Msg-Id), and whether it is the same cannot be told: \(why)",
      .destination, isLocal: true,
      hint:
        "it is sent until the stream has forgotten that id, which takes at most the stream's duplicate_window; it can be there twice then",
      longestPause: .seconds(5))
  }

  static let noJetStream = NATSTrouble(
    "there is no JetStream for this account", .destination, hint: "enable JetStream there")
  static let noTLS = NATSTrouble(
    "it does not speak TLS", .destination, hint: "let it (tls { … }), or use a nats:// address")
  static let noHeaders = NATSTrouble("it takes no headers", .destination, hint: "it has to be NATS 2.2 or newer")
  static let mute = NATSTrouble("logging in took too long", hint: "check host and port, and nats:// or tls://")
  static let closedAtLogin = NATSTrouble("the connection was closed while logging in")
  static let ends = NATSTrouble("it is about to end (lame duck mode)")
  static let unexpected = NATSTrouble(
    "something else than a stream answers", .destination, isLocal: true,
    hint: "look who listens to the subject and answers")
  static let closed = NATSTrouble("the publisher is closed")
}
