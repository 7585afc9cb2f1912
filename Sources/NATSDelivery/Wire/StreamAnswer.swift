// SPDX-License-Identifier: Apache-2.0

/// What JetStream answers. Source: NATS ADR-1, "JetStream JSON API Design"; ADR-22.
enum StreamAnswer: Hashable, Sendable {
  /// Where a message is stored.
  struct Storage: Hashable, Sendable {
    let stream: String
    /// What its JetStream calls itself; nil for none.
    var domain: String?
    let sequence: Int
    /// Whether it was there already.
    var isDuplicate = false
  }

  /// A stream has stored the message, or had it already.
  case stored(Storage)
  /// It has not: a number of HTTP's and one of JetStream's own, 0 where it gives none.
  case error(status: Int, code: Int, text: String)
  /// It is no answer of JetStream's.
  case other

  init(_ payload: [UInt8]) {
    guard let value = JSONValue(payload) else {
      self = .other
      return
    }
    if let error = APIError(value) {
      self = .error(status: error.status, code: error.code, text: error.text)
    } else if let stream = value["stream"]?.string, !stream.isEmpty, let sequence = value["seq"]?.int, sequence > 0 {
      self = .stored(
        Storage(
          stream: stream, domain: value["domain"]?.string, sequence: sequence,
          isDuplicate: value["duplicate"]?.bool ?? false))
    } else {
      self = .other
    }
  }
}

/// Why JetStream does not do what it was asked for.
struct APIError: Error, Hashable, Sendable {
  let status: Int
  let code: Int
  /// Its own words, which nobody is shown.
  let text: String

  /// Nil for an answer without one.
  init?(_ answer: JSONValue) {
    guard let error = answer["error"], case .object = error else { return nil }
    status = error["code"]?.int ?? 0
    code = error["err_code"]?.int ?? 0
    text = error["description"]?.string ?? ""
  }
}
