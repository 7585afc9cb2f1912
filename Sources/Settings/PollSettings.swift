// SPDX-License-Identifier: Apache-2.0

import Operations
import OutboxMapping
public import PostgresWire

/// How a table is asked for rows again and again, where no slot brings them.
public struct PollSettings: Hashable, Sendable {
  /// By which column rows are ordered. Default: an identity column, else the time.
  public var orderBy: String?
  /// How long a pause becomes while nothing comes. Default: 1 s.
  public var interval = TimeSpan(.seconds(1))
  /// Whether to end once there is nothing more. Default: no.
  public var endsWhenEmpty = false

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what does not go together.
  ///
  /// - Parameters:
  ///   - outbox: which table is polled.
  ///   - cleanUp: what becomes of delivered rows.
  ///   - checkpoint: where positions are kept; nil for nowhere.
  public func validate(with outbox: OutboxSettings, _ cleanUp: CleanUpSettings, checkpoint: String?) throws(Failure) {
    guard try outbox.tableNames().count == 1 else {
      throw .setting("outbox.tables", "one table is polled; start another poller for another one")
    }
    guard outbox.messagePrefixes.isEmpty else {
      throw .setting("outbox.message-prefixes", "logical messages are in no table; only a stream brings them")
    }
    guard outbox.onChange == .warn else {
      throw .setting(
        "outbox.on-change", "who reads a table sees its rows, not what becomes of them; only a stream tells of that")
    }
    guard orderBy != "" else { throw .setting("order-by", "the name is empty") }
    guard orderBy == nil || orderBy != cleanUp.mark else {
      throw .setting("order-by", "rows that are not delivered have no value in the column that marks the others")
    }
    guard cleanUp.afterDelivery != .keep || checkpoint != nil else {
      throw .setting(
        "checkpoint",
        "nothing in the table tells what is delivered of rows that are kept; name a file for that, or let rows be deleted (\(setting: "after-delivery", "delete")) or marked (\(setting: "after-delivery", "mark"))"
      )
    }
  }
}
