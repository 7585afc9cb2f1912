// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
import Octets

/// What could not be delivered, and why: kept until somebody redrives or drops it.
public struct DeadLetter: Hashable, Sendable {
  /// The largest event that is kept whole, in bytes.
  public static let largestEvent = 64 << 20

  /// The event as a JSON object: a CloudEvent, or for a row that could not become one, its columns. Of what was too large,
  /// a part.
  public var event: String
  /// Whether `event` is a CloudEvent, which can be delivered again.
  public var isEvent = true
  /// How many bytes there were, if they were too many and `event` is only a part; nil when nothing is missing.
  public var wholeSize: Int?
  /// The event's id; empty for a row.
  public var id: String
  /// The event's type; empty for a row.
  public var type: String
  /// What kind of thing the event is about; empty for none.
  public var aggregateType: String
  /// The aggregate id; empty for none.
  public var key: String
  /// Where it stands in the log.
  public var position: EventPosition
  /// Why it could not be delivered. Never a receiver's words.
  public var reason: String
  /// The receiver's status code, if it answered.
  public var status: Int?
  /// How often it was tried.
  public var attempts: Int
  /// When it was tried first, in seconds since 1970.
  public var firstAttempt: Int64
  /// When it was tried last, in seconds since 1970.
  public var lastAttempt: Int64
  /// Where it should have gone.
  public var sink: String
  /// The slot of the relay that has kept it; nil where that is not known, as of letters of version 0.1.
  public var slot: String?
  /// Where the store that it was read from keeps it; nil for one that comes from nowhere.
  public var mark: LetterMark?

  /// Makes a letter.
  public init(
    event: String, isEvent: Bool = true, wholeSize: Int? = nil, id: String, type: String = "",
    aggregateType: String = "", key: String, position: EventPosition, reason: String, status: Int?, attempts: Int,
    firstAttempt: Int64, lastAttempt: Int64, sink: String
  ) {
    self.event = event
    self.isEvent = isEvent
    self.wholeSize = wholeSize
    self.id = id
    self.type = type
    self.aggregateType = aggregateType
    self.key = key
    self.position = position
    self.reason = reason
    self.status = status
    self.attempts = attempts
    self.firstAttempt = firstAttempt
    self.lastAttempt = lastAttempt
    self.sink = sink
  }

  /// Which of two letters is about the same thing, perhaps kept twice.
  public struct Identity: Hashable, Sendable {
    /// Where it stands in the log.
    public let position: EventPosition
    private let id: ForeignText

    init(_ letter: DeadLetter) {
      position = letter.position
      id = ForeignText(letter.id)
    }
  }

  /// What it is about.
  public var identity: Identity { Identity(self) }

  /// Which of the letters in one place it is: another relay's about the same event is another one.
  struct Place: Hashable {
    let identity: Identity
    let slot: String?
    var position: EventPosition { identity.position }
  }

  var place: Place { Place(identity: identity, slot: slot) }

  /// Of whom the events wait behind this letter; nil where nobody waits, because nothing says of whom the event is.
  public var aggregate: Aggregate? { key.isEmpty ? nil : Aggregate(type: aggregateType, id: key) }
}

/// Whom an event is about: an id means something only with its type.
public struct Aggregate: Hashable, Sendable {
  private let type: ForeignText
  private let id: ForeignText

  /// Names one; the type may be empty.
  public init(type: String, id: String) {
    self.type = ForeignText(type)
    self.id = ForeignText(id)
  }
}

extension DeadLetter {
  /// The letter of an event that was on its way; one that is too large to be kept is kept without what it carries.
  package init(
    _ outgoing: OutgoingEvent, reason: String, attempts: Int, first: Int64, last: Int64, sink: String
  ) {
    let (event, size) = (outgoing.event, outgoing.line.count)
    let isWhole = size <= Self.largestEvent
    self.init(
      event: isWhole ? String(decoding: outgoing.line, as: UTF8.self) : "{}", isEvent: isWhole,
      wholeSize: isWhole ? nil : size, id: outgoing.text(event.id), type: outgoing.text(event.type),
      aggregateType: outgoing.text(event.aggregateType), key: outgoing.text(event.key), position: event.position,
      reason: isWhole ? reason : "\(reason); too large to be kept here", status: nil, attempts: attempts,
      firstAttempt: first, lastAttempt: last, sink: sink)
  }
}
