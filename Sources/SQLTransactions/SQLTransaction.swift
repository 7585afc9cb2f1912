// SPDX-License-Identifier: Apache-2.0

/// What a transaction throws, where it is known whether the values are to blame.
public protocol ValueError: Error {
  /// Whether the same values would be refused each time, whatever the server and the hour.
  var isOfValues: Bool { get }
}

/// A transaction that is open in a service's own database, as whoever adds a statement to it sees it.
///
/// The parameters stand in the statement as `$1`, `$2`, …; each is text as PostgreSQL reads it, or nil for NULL. What the server
/// refuses is thrown, and the transaction is then fit only for being rolled back.
public protocol SQLTransaction {
  /// Runs a statement. Gives how many rows it has inserted, changed or removed.
  mutating func execute(_ statement: String, _ parameters: [String?]) async throws -> Int

  /// Runs a statement. Gives its rows, each with its columns as text; nil is NULL.
  mutating func query(_ statement: String, _ parameters: [String?]) async throws -> [[String?]]

  /// Runs what may fail without the whole: what is thrown out of it undoes what it has done, and is thrown on.
  mutating func savepoint<Result>(_ body: (inout Self) async throws -> Result) async throws -> Result
}
