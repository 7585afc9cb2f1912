// SPDX-License-Identifier: Apache-2.0

public import Delivery
import OutboxMapping
public import PostgresWire

/// Dead letters whose rows are cleaned up when they are removed, because they have been delivered or are dropped: the row first.
public struct CleaningLetters: DeadLetterStore {
  private let letters: any DeadLetterStore
  private let cleaner: any RowCleaner
  private let id: String

  /// Cleans up for a store; nil where rows stay.
  ///
  /// Errors: letters do not say which table their rows are in, so there can be only one.
  public init?(
    _ letters: any DeadLetterStore, _ settings: CleanUpSettings, _ outbox: OutboxSettings, database: String,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws(Failure) {
    guard let cleaner = try settings.makeCleaner(outbox, database: database, isCancelled: isCancelled) else {
      return nil
    }
    guard try outbox.tableNames().count == 1 else {
      throw .setting("outbox.tables", "dead letters do not say which table their rows are in: name one")
    }
    (self.letters, self.cleaner) = (letters, cleaner)
    id = outbox.columns["id"] ?? "id"
  }

  /// As the store.
  public var isReadable: Bool { letters.isReadable }
  /// As the store.
  public func check() throws(Failure) { try letters.check() }
  /// As the store.
  public func append(_ new: [DeadLetter]) throws(Failure) { try letters.append(new) }
  /// As the store.
  public func awaitParking() throws(Failure) { try letters.awaitParking() }
  /// As the store.
  public func tidy() throws(Failure) { try letters.tidy() }

  /// As the store.
  public func appendBehindOthers(_ letter: DeadLetter) throws(Failure) -> Parking {
    try letters.appendBehindOthers(letter)
  }

  /// As the store.
  public func letters(
    matching query: LetterQuery, after mark: LetterMark?, limit: Int
  ) throws(Failure) -> LetterPage {
    try letters.letters(matching: query, after: mark, limit: limit)
  }

  /// Also whether rows can be cleaned up.
  public func checkRemoval() throws(Failure) {
    try cleaner.check([])
    try letters.checkRemoval()
  }

  /// Cleans up the rows, then removes the letters.
  public func remove(_ gone: [DeadLetter]) throws(Failure) {
    let ids = gone.compactMap(row)
    if !ids.isEmpty { _ = try cleaner.clean(DeliveredRows(outbox: 1, table: nil, ids: ids)) }
    try letters.remove(gone)
  }

  /// The id of a letter's row: a row that could not become an event has it among its columns.
  private func row(_ letter: DeadLetter) -> String? {
    letter.id.isEmpty ? FileReading.parse(letter.event).node?[id]?.text : letter.id
  }
}
