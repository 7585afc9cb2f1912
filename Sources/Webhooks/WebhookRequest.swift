// SPDX-License-Identifier: Apache-2.0

import Octets

/// A request as some HTTP server has received it.
public struct WebhookRequest: Sendable {
  /// A header field.
  public struct Field: Hashable, Sendable {
    /// Its name, in any case.
    public var name: String
    /// Its value.
    public var value: String

    /// Makes a field.
    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  /// The header fields, in their order.
  public var fields: [Field]
  /// The body, whole.
  public var body: [UInt8]

  /// Makes a request.
  public init(fields: [Field], body: [UInt8]) { (self.fields, self.body) = (fields, body) }
}

/// How much of a request is looked at. Whatever has more is refused.
public struct WebhookLimits: Hashable, Sendable {
  /// Bytes of a body: 1 MiB.
  public var bodyBytes = 1 << 20
  /// Header fields: 200.
  public var fieldCount = 200
  /// Bytes of all header fields' names and values: 64 KiB.
  public var fieldBytes = 64 << 10
  /// Events of a batch: 1000.
  public var batchEvents = 1000
  /// Arrays and objects within each other in JSON: 128. What decodes JSON in Foundation takes 512.
  public var depth = 128

  /// Makes limits with the defaults.
  public init() {}
}

/// Why a request was not taken.
public struct WebhookRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// What it means to whoever sent it.
  public enum Kind: Int, CaseIterable, Hashable, Sendable {
    /// It makes no sense.
    case malformed = 400
    /// Nobody who has the secret has signed it, or not in these minutes.
    case unsigned = 401
    /// It is longer than what is taken.
    case tooLarge = 413
    /// It is no CloudEvent in a form that is read here.
    case unsupportedMediaType = 415
    /// It makes sense, and will never be taken.
    case refused = 422
    /// It may be taken later.
    case unavailable = 503
  }

  /// Which event of a batch is to blame.
  public struct Blame: Hashable, Sendable {
    /// Its place, from 0.
    public var index: Int
    /// Its id, where it has one.
    public var id: String?

    /// Makes a blame.
    public init(index: Int, id: String?) { (self.index, self.id) = (index, id) }
  }

  /// What it means.
  public var kind: Kind
  /// In a few words, without the request's data.
  public var reason: String
  /// Of a batch, which event is to blame; nil when it is the whole request.
  public var blame: Blame?

  /// Makes a refusal.
  public init(_ kind: Kind, _ reason: String, blame: Blame? = nil) {
    (self.kind, self.reason, self.blame) = (kind, reason, blame)
  }

  /// One line: the status code, which event, and why.
  public var description: String {
    let event = blame.map { blame in blame.id.map { ForeignText($0).shortened() } ?? "\(blame.index)" }
    return "\(kind.rawValue)\(event.map { " for event \($0)" } ?? ""): \(reason)"
  }
}
