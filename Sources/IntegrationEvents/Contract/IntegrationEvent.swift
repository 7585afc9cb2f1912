// SPDX-License-Identifier: Apache-2.0

/// One integration event, as ranges into the bytes that it came in.
///
/// The value is meant to be used again for the next event: it owns nothing but its list of extension attributes.
public struct IntegrationEvent: Sendable {
  /// What the event carries.
  public enum Payload: Hashable, Sendable {
    /// An event without data.
    case none
    /// JSON that PostgreSQL has checked (`json`, `jsonb`); copied, not parsed.
    case json(Range<Int>)
    /// Text declared to be JSON; checked before it is copied.
    case uncheckedJSON(Range<Int>)
    /// Text.
    case text(Range<Int>)
    /// Bytes in PostgreSQL's hexadecimal form, `\x` and two digits a byte.
    case hexadecimal(Range<Int>)
  }

  /// An extension attribute from a column.
  public struct ColumnAttribute: Sendable {
    /// Its name.
    public var name: AttributeName
    /// Where its value lies.
    public var value: Range<Int>

    /// Makes an attribute.
    public init(name: AttributeName, value: Range<Int>) {
      self.name = name
      self.value = value
    }
  }

  /// An extension attribute from the headers, whose names are data.
  public struct HeaderAttribute: Hashable, Sendable {
    /// Its name.
    public var name: AttributeName
    /// Its value.
    public var value: Value

    /// CloudEvents types that JSON has.
    public enum Value: Hashable, Sendable {
      case string(String)
      case boolean(Bool)
    }

    /// Makes an attribute.
    public init(name: AttributeName, value: Value) {
      self.name = name
      self.value = value
    }
  }

  /// Whether it is sent again from its table, which does not know where it stands in the log: no `sequence` is written, but
  /// `redelivery`.
  public var isRedelivery = false
  /// Where the event stands in the log.
  public var position = EventPosition(commitLSN: 0, ordinal: 0)
  /// CloudEvents `source`.
  public var source: EventSource
  /// CloudEvents `id`.
  public var id: Range<Int> = 0..<0
  /// CloudEvents `type`.
  public var type: Range<Int> = 0..<0
  /// What kind of thing the event is about.
  public var aggregateType: Range<Int> = 0..<0
  /// Which one: CloudEvents `subject` and `partitionkey`; empty for none.
  public var aggregateID: Range<Int> = 0..<0
  /// When it happened.
  public var time: EventTime
  /// Whether the time is the event's own, not that of its commit.
  public var hasOwnTime = false
  /// The version of the payload's schema; empty for none.
  public var dataVersion: Range<Int> = 0..<0
  /// The address of the payload's schema; empty for none.
  public var dataSchema: Range<Int> = 0..<0
  /// W3C trace context; empty for none.
  public var traceParent: Range<Int> = 0..<0
  /// W3C trace state; empty for none.
  public var traceState: Range<Int> = 0..<0
  /// Further columns.
  public var attributes: [ColumnAttribute] = []
  /// Headers.
  public var headers: [HeaderAttribute] = []
  /// What it carries.
  public var payload: Payload = .none

  /// Makes an event with nothing in it but where and when.
  public init(source: EventSource, time: EventTime) {
    self.source = source
    self.time = time
  }

  /// Empties it for the next row, keeping the lists' memory.
  package mutating func clear() {
    id = 0..<0
    type = 0..<0
    aggregateType = 0..<0
    aggregateID = 0..<0
    dataVersion = 0..<0
    dataSchema = 0..<0
    traceParent = 0..<0
    traceState = 0..<0
    if !attributes.isEmpty { attributes.removeAll(keepingCapacity: true) }
    if !headers.isEmpty { headers.removeAll(keepingCapacity: true) }
    payload = .none
  }
}

/// What an attribute is about, for errors and mappings.
public enum EventField: Hashable, Sendable {
  case id, type, aggregateType, aggregateID, payload, dataVersion, time, headers, traceParent, traceState, dataSchema
  case attribute(String)
}

/// An event cannot be written as a CloudEvent.
public struct EnvelopeError: Error, Hashable, Sendable {
  /// What is wrong with the field.
  public enum Problem: Error, Hashable, Sendable {
    case empty
    case controlCharacter
    case invalidUTF8
    case invalidJSON(offset: Int)
    case invalidHexadecimal
    case invalidURI
    /// The attributes together take more than 4 GiB.
    case tooLong
    /// The payload hook says why.
    case refused(PayloadRefusal)
  }

  /// Which field.
  public let field: EventField
  /// What is wrong with it.
  public let problem: Problem

  package init(_ field: EventField, _ problem: Problem) {
    self.field = field
    self.problem = problem
  }
}

extension EnvelopeError.Problem: CustomStringConvertible {
  /// One line, without the value.
  public var description: String {
    switch self {
    case .empty: "is empty"
    case .controlCharacter: "holds a control character or another code point that CloudEvents forbids"
    case .invalidUTF8: "is not valid UTF-8"
    case .invalidJSON(let offset): "is not valid JSON (byte \(offset))"
    case .invalidHexadecimal: "is not in bytea's hexadecimal form"
    case .invalidURI: "is not an absolute URI, with its scheme"
    case .tooLong: "is too long, together with the other attributes"
    case .refused(let refusal): "is refused: \(refusal.reason)"
    }
  }
}
