// SPDX-License-Identifier: Apache-2.0

/// How an inbox remembers what was handled.
public enum InboxLayout: Hashable, Sendable {
  /// A row an event in one table; what is older than the retention is removed in batches.
  case rows

  /// A row an event in a table with a partition a day, the day in UTC of the event's own `time`: the same for each delivery, so
  /// that both meet in one partition. Old ones are dropped whole. An event without a time, or of a day whose partition may have
  /// been dropped, is refused.
  case days

  /// A row a key and aggregate type, however many events there were: the position of the last that was handled, by the attribute
  /// `sequence`, which compares as text. Whatever is not further is a duplicate. Constant in size, and sound under these conditions
  /// only:
  ///
  /// - Events of one key come in order, and **once one has become a dead letter, those after it do too** (the relay parks the key).
  ///   Else those that passed it would make it a duplicate.
  /// - All events come **from one source, and from one timeline of one cluster**: positions of another compare by chance. After a
  ///   restore from a backup, or a failover that has lost commits, the rows must be removed first.
  /// - **A redriven dead letter does not come here.** One that is marked so (`redelivery` is `true`) is refused: taken for a
  ///   duplicate it would be lost.
  ///
  /// What breaks a condition visibly is refused: another source, a missing or malformed `sequence`, no key, a redelivery.
  case positions(source: String)
}
