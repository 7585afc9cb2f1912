// SPDX-License-Identifier: Apache-2.0

/// An integration event as a consumer has it, whatever brought it: what its attributes say, and its data.
///
/// Source: CloudEvents 1.0, "Context Attributes".
public struct ReceivedEvent: Hashable, Sendable {
  /// With the source, what it is known by: the same at each redelivery.
  public var id: String
  /// Where it comes from, a URI reference.
  public var source: String
  /// What it is called.
  public var type: String
  /// What it is about, such as the aggregate's id.
  public var subject: String?
  /// When it happened.
  public var time: EventTime?
  /// What its data is; nil for JSON.
  public var dataContentType: String?
  /// The address of its data's schema.
  public var dataSchema: String?
  /// The extension attributes; numbers and booleans as text, such as `7` and `true`.
  public var extensions: [String: String]
  /// Its data; nil for none.
  public var data: [UInt8]?

  /// Makes an event of nothing but what each must have.
  public init(id: String, source: String, type: String, extensions: [String: String] = [:], data: [UInt8]? = nil) {
    (self.id, self.source, self.type, self.extensions, self.data) = (id, source, type, extensions, data)
  }

  /// What its order is kept within: the attribute `partitionkey`, or else the subject; nil for neither.
  public var key: String? { extensions["partitionkey"] ?? subject }

  /// Where it stands in the log, by the attribute `sequence`; nil where that is missing or of another form.
  public var position: EventPosition? { extensions["sequence"].flatMap { EventPosition(sequence: $0) } }

  /// Whether it is sent again out of its turn, from its table, by the attribute `redelivery`.
  public var isRedelivery: Bool { extensions["redelivery"] == "true" }

  /// Whether its data is JSON, by its content type. Source: RFC 6838, section 4.2.8; CloudEvents JSON format, "Handling of data".
  public var hasJSON: Bool {
    guard let dataContentType else { return true }
    let type = dataContentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
    return type.hasSuffix("/json") || type.hasSuffix("+json")
  }
}

/// An event that a consumer will never take, and why: whoever has sent it need not try again, but keep it as a dead letter.
public struct EventRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// In a few words, without the event's data.
  public let reason: String

  /// Makes a refusal.
  public init(_ reason: String) { self.reason = reason }

  /// The reason.
  public var description: String { reason }
}
