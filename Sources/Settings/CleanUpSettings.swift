// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
public import Operations
public import OutboxMapping
public import PostgresWire

/// What becomes of a row once its event is durable in the sink.
public struct CleanUpSettings: Hashable, Sendable {
  /// The column that is meant where none is named.
  public static let usualMark = "dispatched_at"

  /// What becomes of it. Default: it stays.
  public var afterDelivery = AfterDelivery.keep
  /// The column that says when, of type timestamptz. Default: `dispatched_at`.
  public var markColumn: String?

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what does not go together.
  public func validate(with outbox: OutboxSettings) throws(Failure) {
    guard markColumn == nil || afterDelivery == .mark else {
      throw .setting("clean-up.mark-column", "needs \(setting: "after-delivery", "mark")")
    }
    guard markColumn != "" else { throw .setting("clean-up.mark-column", "the name is empty") }
    if let mark, let role = ColumnRole.allCases.first(where: { outbox.names(of: $0).contains(mark) }) {
      throw .setting(
        "clean-up.mark-column", "column \(mark) has the event's \(role.rawValue); name one that says nothing else")
    }
    guard afterDelivery != .keep else { return }
    guard try !outbox.tableNames().isEmpty else {
      throw .setting(
        "clean-up.after-delivery", "logical messages have no rows; it needs \(setting: "table")")
    }
    guard outbox.envelope == .cloudevents else {
      throw .setting(
        "clean-up.after-delivery",
        "rows are told by their events' ids, which \(setting: "envelope", outbox.envelope.rawValue) leaves out")
    }
  }

  /// The column in which rows are marked; nil where none are.
  package var mark: String? { afterDelivery == .mark ? markColumn ?? Self.usualMark : nil }

  /// What cleans rows up; nil where they stay.
  ///
  /// - Parameters:
  ///   - outbox: which tables there are, and which column has the id.
  ///   - database: a connection string of libpq's.
  ///   - isCancelled: asked now and then while the server is waited for: true gives up.
  public func makeCleaner(
    _ outbox: OutboxSettings, database: String, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) -> OutboxCleaner? {
    guard afterDelivery != .keep else { return nil }
    return OutboxCleaner(
      marking: mark, try outbox.configuration(),
      database: database, isCancelled: isCancelled)
  }
}
