// SPDX-License-Identifier: Apache-2.0

import OutboxMapping
import PostgresWire

/// What was met that does not become an event, or not all of one, where the policy is to warn.
public struct PassedOver: Hashable, Sendable {
  /// Updates, deletes and truncations of outbox tables.
  public var changes = 0
  /// Messages with an outbox's prefix that belong to no transaction.
  public var messages = 0
  /// Headers that can be no attributes.
  public var headers = 0
  /// The first of these.
  var header: String?

  /// Makes a value that says nothing was passed over.
  public init() {}

  init(_ mapper: EventMapper) {
    changes = mapper.passedOverChanges
    messages = mapper.passedOverMessages
    headers = mapper.leftOutHeaders
    header = mapper.leftOutHeader
  }

  /// Adds what was passed over before.
  mutating func add(_ before: PassedOver) {
    changes += before.changes
    messages += before.messages
    headers += before.headers
  }

  /// What is to be said of what was not there before: once of each kind. Then it is as things stand.
  mutating func warnings(_ now: PassedOver) -> [Wording] {
    guard now != self else { return [] }
    defer { self = now }
    var warnings: [Wording] = []
    if changes == 0, now.changes > 0 {
      warnings.append(
        """
        rows of an outbox table are being updated, deleted or truncated; only inserts become events \
        (\(setting: "on-change"))
        """)
    }
    if messages == 0, now.messages > 0 {
      warnings.append(
        """
        a logical message with an outbox's prefix belongs to no transaction, so it is no event \
        (\(setting: "on-change")); write it with pg_logical_emit_message(true, …)
        """)
    }
    if headers == 0, now.headers > 0 {
      warnings.append(
        """
        header '\(now.header ?? "")' can be no attribute and is left out: its name is the envelope's own, is taken, or has other \
        characters than letters and digits; \(setting: "ignore-header", now.header) leaves it out without a word \
        (\(setting: "on-bad-header"))
        """)
    }
    return warnings
  }

  /// All that was passed over; nil if nothing was.
  var summary: String? {
    let counts = [
      (changes, "changes of outbox tables that are no inserts"), (messages, "messages that belong to no transaction"),
      (headers, "headers that can be no attributes"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return counts.isEmpty ? nil : "passed over \(counts.joined(separator: ", "))"
  }

  /// What is to be said of a table that has an outbox's columns and is none, where no catalogue knows more of it.
  static func words(stranger table: TableName) -> Wording {
    "table \(table) has an outbox's columns, but is none that was named, nor known as a part of one: its rows are passed over; "
      + "name it with \(setting: "table", "\(table)") if they are meant"
  }

  /// What is to be said of a recording that has no row of a table.
  static func words(absent table: TableName) -> Wording {
    "no row of table \(table) is in what was read of the recording"
  }

  /// What is to be said of a recording whose events were there already: it says the same again, or is another one with older
  /// positions.
  static func words(skipped count: Int) -> String? {
    guard count > 0 else { return nil }
    return
      "passed over \(count) events, because the output holds events up to a later position; if this is another recording "
      + "than the one before, deliver it to an output of its own"
  }
}
