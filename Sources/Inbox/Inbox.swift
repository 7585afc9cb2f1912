// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
public import SQLTransactions

/// Handles each event once, however often it is delivered: the effect and the record of the event commit together.
///
/// The record is inserted first, and how many rows that has inserted decides. Two deliveries at once so wait for each other: the
/// second goes on when the first has committed, and finds a duplicate, or when it has rolled back, and makes the effect itself. A
/// look before the insert would race.
public struct Inbox: Sendable {
  /// Whose inbox it is: each consumer of one table handles each event once.
  public let consumer: String
  /// Where the records are.
  public let table: InboxTable
  /// How they are kept.
  public let layout: InboxLayout
  /// How long they are kept.
  public let retention: Retention
  /// The attribute that has the version of the event's aggregate, to find gaps by; nil to look for none. An event that has no such
  /// attribute is not looked at. Versions are those of a source, an `aggregatetype` and a key. They must reach this consumer without
  /// gaps: all types of its events, also those that it does not handle. Several events may have one version.
  public var versionAttribute: String?

  private static let longestName = 200

  /// Makes an inbox. Its tables are made with `creation`.
  public init(
    consumer: String, table: InboxTable = .standard, layout: InboxLayout = .rows, retention: Retention,
    versionAttribute: String? = nil
  ) throws(InboxSettingError) {
    guard !consumer.isEmpty, consumer.utf8.count <= Self.longestName, !consumer.utf8.contains(where: { $0 < 0x20 })
    else {
      throw .consumer
    }
    (self.consumer, self.table, self.layout, self.retention) = (consumer, table, layout, retention)
    self.versionAttribute = versionAttribute
  }

  /// Records an event and makes its effect, unless it was handled before. The caller commits, or rolls back whatever is thrown.
  ///
  /// One statement, and another for an event that has its aggregate's version.
  ///
  /// - Throws: what the effect throws; `EventRefusal` for an event that cannot be recorded here, or has a value that no transaction
  ///   takes, such as text with a zero byte: it would be so each time.
  public func handle<Transaction: SQLTransaction>(
    _ event: ReceivedEvent, in transaction: inout Transaction,
    effect: (inout Transaction) async throws -> Void
  ) async throws -> InboxResult {
    let record = try Record(event, self)
    guard try await transaction.execute(record.insertion, record.parameters) == 1 else { return .duplicate }
    if let version = try Version(event, self) {
      if let gap = try await version.gap(in: &transaction) {
        // Nobody has seen it yet.
        _ = try await transaction.execute(record.removal, record.removalParameters)
        return .outOfOrder(gap)
      }
    }
    do {
      try await effect(&transaction)
    } catch let error as any ValueError where error.isOfValues {
      throw EventRefusal("\(error)")
    }
    return .done
  }
}
