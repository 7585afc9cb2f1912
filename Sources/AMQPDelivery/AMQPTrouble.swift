// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import NIOCore
import PostgresWire

/// Why nothing can be published now, or why an event was not. Source: AMQP 0-9-1, section 4.8 and "Constants"; RabbitMQ's guides
/// on publishers, confirms and access control.
struct AMQPTrouble: Error, Hashable {
  /// When a broker says something.
  enum Stage {
    case loggingIn
    case declaring
    case publishing
  }

  var reason: String
  var status: Int?
  /// Whether it is surely not the event's.
  var concernsReceiver = true
  /// Whether it is of what the settings name: only somebody who mends that can help.
  var isDestination = false
  /// Whether it is of where this event goes, not of what the others go through.
  var isLocal = false
  var hint: Wording?
  var longestPause: Duration?

  init(
    _ reason: String, status: Int? = nil, concernsReceiver: Bool = true, isDestination: Bool = false,
    isLocal: Bool = false, hint: Wording? = nil, longestPause: Duration? = nil
  ) {
    self.isDestination = isDestination
    (self.isLocal, self.longestPause) = (isLocal, longestPause)
    self.reason = reason
    self.status = status
    self.concernsReceiver = concernsReceiver
    self.hint = hint
  }

  /// What an event is told that shares it.
  var verdict: Attempt.Verdict { .retry(trouble) }

  var trouble: Attempt.Trouble {
    .init(
      reason, status: status, concernsReceiver: concernsReceiver, isLocal: isLocal, hint: hint?.description,
      longestPause: longestPause)
  }

  /// What a connection's error means.
  init(_ error: any Error) {
    switch error {
    case let error as AMQPTrouble: self = error
    case let error as ProtocolBreach: self.init("\(error)", hint: "check host and port, and amqp:// or amqps://")
    default:
      switch ConnectionTrouble(error, plain: "give the port of amqps, or an amqp:// address") {
      case .failed(let why): self.init(why)
      case .untrusted(let why, let advice): self.init(why, isDestination: true, hint: advice)
      case nil: self.init("the connection failed (\(type(of: error)))")
      }
    }
  }

  /// The broker closes the connection or the channel with a code.
  init(code: UInt16, _ stage: Stage, to place: String) {
    let name = Self.names[code].map { "\(code) \($0)" } ?? "code \(code)"
    let (words, hint): (String?, Wording?) =
      switch (code, stage) {
      case (403, .loggingIn):
        (
          "the broker does not take the user or the password",
          "check user and password (rabbitmqctl authenticate_user), and \(setting: "sink-password-file")"
        )
      case (530, .loggingIn):
        (
          "there is no such virtual host, or the user may not use it",
          "make it, and let the user in (rabbitmqctl add_vhost, set_permissions)"
        )
      case (404, _): ("there is no \(place)", "make the \(place)")
      case (403, _):
        (
          "the user may not write to the \(place)",
          "let the user write there (rabbitmqctl set_permissions, for the routing keys of a topic exchange set_topic_permissions); nobody may to an internal exchange"
        )
      case (320, _): ("the broker closes the connection, as when it is shut down", nil)
      case (406, _):
        ("the broker does not take it, for its size (max_message_size) or a property", nil)
      case (311, _): ("it is larger than the broker takes", nil)
      default: (nil, nil)
      }
    // Whatever else the broker finds wrong may be of one event.
    self.init(
      words.map { "\(name): \($0)" } ?? name, status: Int(code), concernsReceiver: words != nil || code >= 540,
      isDestination: hint != nil, isLocal: code == 403 && stage == .publishing, hint: hint)
  }

  /// What whoever asks is told.
  func failure(of destination: String) -> Failure {
    Failure(isDestination ? .destination : .receiver, "\(destination): \(reason)", advice: hint)
  }

  /// Whether a code speaks of the event that was published, and of nothing else.
  static func speaksOfEvent(_ code: UInt16) -> Bool { code == 406 || code == 311 }

  private static let names: [UInt16: String] = [
    200: "REPLY_SUCCESS", 311: "CONTENT_TOO_LARGE", 312: "NO_ROUTE", 313: "NO_CONSUMERS", 320: "CONNECTION_FORCED",
    402: "INVALID_PATH", 403: "ACCESS_REFUSED", 404: "NOT_FOUND", 405: "RESOURCE_LOCKED", 406: "PRECONDITION_FAILED",
    501: "FRAME_ERROR", 502: "SYNTAX_ERROR", 503: "COMMAND_INVALID", 504: "CHANNEL_ERROR", 505: "UNEXPECTED_FRAME",
    506: "RESOURCE_ERROR", 530: "NOT_ALLOWED", 540: "NOT_IMPLEMENTED", 541: "INTERNAL_ERROR",
  ]

  /// What came back because no queue takes it.
  static func unroutable(_ route: Route, at place: String) -> Attempt.Trouble {
    .init("312 NO_ROUTE: no queue is bound to the \(place) for its routing key (\(route))", status: 312)
  }

  static let refusedByQueue = AMQPTrouble(
    "basic.nack: a queue did not take it",
    isLocal: true, hint: "a queue is full and rejects what comes, or has failed: look at its length",
    // It has room again as soon as a consumer has taken something.
    longestPause: .seconds(1))

  static func silent(_ seconds: Int64) -> AMQPTrouble {
    AMQPTrouble(
      "no confirmation within \(seconds) s", hint: "a queue has no majority of its nodes, or is overloaded")
  }

  static let closed = AMQPTrouble("the publisher is closed")
}
