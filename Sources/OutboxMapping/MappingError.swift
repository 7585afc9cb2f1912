// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
import Octets
import PgOutput
public import PostgresWire

/// A row or message cannot become an event. Names the place, never the value.
public struct MappingError: Error, Hashable, Sendable {
  /// What is wrong.
  public enum Problem: Error, Hashable, Sendable {
    /// A required column, or one that was mapped by name, is not in the table as it is published.
    case missing
    /// NULL where an event needs a value.
    case null
    /// The type cannot serve the column's role.
    case unsupportedType(UInt32)
    /// Not a time, or one that RFC 3339 cannot write, such as infinity.
    case invalidTime
    /// Headers that are no JSON object.
    case headersNotAnObject
    /// Headers or a message with more members than `MappingConfiguration.mostMembers`.
    case tooManyMembers
    /// The key of a header whose value has half a surrogate pair, which is no character.
    case headerText(String)
    /// A header's key that makes no attribute name.
    case headerName(String)
    /// A header's key that makes the same attribute name as another.
    case headerClash(String)
    /// A message beyond ASCII in a database of this encoding, from which the server does not turn messages into UTF-8.
    case foreignEncoding(String)
    /// Not a JSON object, or a member of the wrong kind.
    case invalidMessage
    /// A message that belongs to no transaction, where the policy is to fail.
    case outsideTransaction
    /// A value in binary form that does not have its type's layout.
    case invalidBinary
    /// The envelope's own rules.
    case envelope(EnvelopeError.Problem)
    /// UPDATE, DELETE or TRUNCATE, where the policy is to fail.
    case changed(String)
  }

  /// What is wrong.
  public let problem: Problem
  /// Where the row or message comes from.
  public let place: Place
  /// The column or member, where it is known.
  public let column: String?
  /// Where in the log.
  public let lsn: LSN

  /// Where a row or message comes from.
  public enum Place: Hashable, Sendable {
    /// A table, with its schema.
    case table(String)
    /// Logical messages with a prefix.
    case message(prefix: String)
    /// Some logical message.
    case someMessage
  }

  /// Whether one row or message is at fault, not the table or the configuration.
  public var isAboutRow: Bool {
    switch (problem, place) {
    case (.missing, .table), (.changed, _), (.outsideTransaction, _), (.unsupportedType, _): false
    default: true
    }
  }
}

extension MappingError.Place: CustomStringConvertible {
  /// `table public.outbox` or `message prefix outbox`. A prefix may be as long as a message: only its beginning is named.
  public var description: String {
    switch self {
    case .table(let name): "table \(ForeignText(name).shortened())"
    case .message(let prefix): "message prefix \(ForeignText(prefix).shortened())"
    case .someMessage: "logical message"
    }
  }
}

extension MappingError {
  /// What an operator is told.
  public var failure: Failure { failure(isKept: false) }

  /// What an operator is told, or a dead letter says, which needs no way to keep it.
  package func failure(isKept: Bool) -> Failure {
    Failure(.row, "\(subject): \(what)", advice: isKept && isRefusal ? refusal?.remedy : advice)
  }

  /// Whether it is an event that must not leave, as the payload hook says.
  package var isRefusal: Bool { refusal != nil }

  private var refusal: PayloadRefusal? {
    if case .envelope(.refused(let refusal)) = problem { refusal } else { nil }
  }

  private var subject: String {
    if isRefusal { return "\(place), LSN \(lsn)" }
    return column.map { "\(place), column \(ForeignText($0).shortened()), LSN \(lsn)" } ?? "\(place), LSN \(lsn)"
  }

  private var advice: Wording? {
    switch problem {
    case .missing:
      isOfTable
        ? "add it, publish it, or map another with \(setting: "column"); rows from before that stay without it in the log: "
          + "\(setting: "on-poison", "dead-letter") keeps them" : nil
    case .unsupportedType:
      "make its type timestamptz, timestamp or an integer for later rows, and do without it for these with "
        + "\(setting: "column", "occurred_at=")"
    case .headerClash(let name), .headerName(let name), .headerText(let name):
      "give it another name for later rows, and leave it out of these with \(setting: "ignore-header", name)"
    case .foreignEncoding: "write later ones in ASCII alone, other letters as JSON escapes them"
    case .outsideTransaction: "write it with pg_logical_emit_message(true, …), within the transaction that it tells of"
    case .envelope(.refused(let refusal)):
      refusal.remedy.map { "\($0); \(setting: "on-poison", "dead-letter") keeps it and goes on" }
        ?? "go on with \(setting: "on-poison", "dead-letter")"
    default: nil
    }
  }

  private var isOfTable: Bool { if case .table = place { true } else { false } }

  private var what: Wording {
    switch problem {
    case .missing: isOfTable ? "the published table has no such column" : "the message has no such member"
    case .null: "is NULL, but an event needs a value"
    case .unsupportedType(let type): "has a type (\(BuiltInType.name(of: type))) that cannot serve here"
    case .invalidTime: "is no time that RFC 3339 can write"
    case .tooManyMembers: "has more than \(MappingConfiguration.mostMembers) members"
    case .headersNotAnObject: "is not a JSON object"
    case .headerText(let name): "has half a surrogate pair, which is no character, in the value of '\(name)'"
    case .headerName(let name):
      "has a key that gives no free attribute name of letters and digits, '\(name)', which "
        + "\(setting: "on-bad-header", "fail") forbids"
    case .headerClash(let name): "has several keys that become one attribute name, one of them '\(name)'"
    case .foreignEncoding(let name):
      "has letters beyond ASCII, and the database's encoding is \(name), from which the server does not convert messages"
    case .invalidMessage: "is not a JSON object with the members of an event"
    case .invalidBinary: "is not in its type's binary form"
    case .envelope(.refused(let refusal)): Wording(refusal.reason)
    case .envelope(let problem): Wording(problem)
    case .outsideTransaction: "belongs to no transaction, which \(setting: "on-change", "fail") forbids"
    case .changed(let what): "\(what) of an outbox table, which \(setting: "on-change", "fail") forbids"
    }
  }
}

extension MappingError: CustomStringConvertible {
  /// One line with the advice at its end.
  public var description: String { "\(failure)" }
}
