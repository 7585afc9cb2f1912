// SPDX-License-Identifier: Apache-2.0

public import PostgresWire

/// What becomes of a row once its event is durable in the sink.
public enum AfterDelivery: String, CaseIterable, Hashable, Sendable {
  /// It stays as it is.
  case keep
  /// It is deleted.
  case delete
  /// A column of it says when.
  case mark
}

/// A row of an outbox, as its event names it.
public struct DeliveredRow: Hashable, Sendable {
  /// Which of the configured tables it is in, counted from 1.
  public let outbox: Int
  /// The value of its id column, as text.
  public let id: String

  /// Names a row.
  public init(outbox: Int, id: String) { (self.outbox, self.id) = (outbox, id) }
}

/// Rows of one outbox whose events are durable in the sink, or are not to be delivered any more.
public struct DeliveredRows: Hashable, Sendable {
  /// Which of the configured tables they are in, counted from 1.
  public let outbox: Int
  /// What the server knows that table by, whatever it is called now; nil to go by its name.
  public let table: ObjectID?
  /// Their ids, as text.
  public var ids: [String]

  /// Names rows.
  public init(outbox: Int, table: ObjectID?, ids: [String]) {
    (self.outbox, self.table, self.ids) = (outbox, table, ids)
  }
}

/// Cleans rows up after delivery. Calls block until they are done; one is made after another, but for `isOwn`.
public protocol RowCleaner: Sendable {
  /// What it does, as a message says it: `DELETE` or `UPDATE`.
  var statement: String { get }

  /// Tells whether rows could be cleaned up: called before anything is delivered.
  ///
  /// - Parameter tables: what the server knows the configured tables by, in their order; empty to go by their names.
  func check(_ tables: [ObjectID]) throws(Failure)

  /// Cleans rows up; what it has done is durable when it returns. Rows that are not there, or are cleaned up, are passed over. What
  /// could not be seen to succeed may be done again.
  ///
  /// - Returns: how many were there.
  func clean(_ rows: DeliveredRows) throws(Failure) -> Int

  /// Whether a transaction is one in which it cleans up: known before the transaction is committed.
  func isOwn(_ transaction: UInt32) -> Bool
}
