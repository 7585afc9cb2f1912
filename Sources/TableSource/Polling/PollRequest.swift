// SPDX-License-Identifier: Apache-2.0

import PostgresClient
package import PostgresWire

/// Which table is asked for rows again and again, and whom to ask and to tell.
package struct PollRequest: Sendable {
  let database: String
  let table: TableName
  let columns: RowColumns
  /// By which column rows are ordered; nil to find one.
  let order: String?
  /// The column in which is marked what has been delivered; nil where rows are deleted, or stay.
  let mark: String?
  /// How long a pause becomes while nothing comes.
  let interval: Duration
  /// Whether to end once there is nothing more.
  let endsWhenEmpty: Bool
  package let desk: PollDesk
  /// Deletes or marks rows; nil where they stay as they are.
  let clean: (@Sendable (_ ids: [String]) throws(Failure) -> Void)?
  let isCancelled: @Sendable () -> Bool
  let warn: @Sendable (Wording) -> Void

  /// Whether rows stay in their table as they are.
  package var keepsRows: Bool { clean == nil }

  /// - Parameters:
  ///   - isCancelled: asked while waiting for the server: true gives up.
  ///   - warn: told what an operator should hear of.
  package init(
    database: String, table: TableName, columns: RowColumns, order: String?, mark: String?, interval: Duration,
    endsWhenEmpty: Bool, desk: PollDesk, clean: (@Sendable ([String]) throws(Failure) -> Void)?,
    isCancelled: @escaping @Sendable () -> Bool, warn: @escaping @Sendable (Wording) -> Void
  ) {
    (self.database, self.table, self.columns, self.order, self.mark) = (database, table, columns, order, mark)
    (self.interval, self.endsWhenEmpty, self.desk, self.clean) = (interval, endsWhenEmpty, desk, clean)
    (self.isCancelled, self.warn) = (isCancelled, warn)
  }
}

extension PollRequest {
  /// Tells of a read that takes long.
  func tellOfWait() {
    guard let waited = desk.overdue() else { return }
    warn(LongRead.words("a read of \(table)", waited))
  }
}

/// The pauses between reads: short behind rows, ever longer while nothing comes.
struct PollPauses: Hashable, Sendable {
  /// How long it waits for a notification before it looks all the same.
  static let withNotifications: Duration = .seconds(5)
  private static let shortest: Duration = .milliseconds(1)

  private let longest: Duration
  private var next = Self.shortest

  init(longest: Duration) { self.longest = longest }

  /// The pause behind a read.
  mutating func take(foundRows: Bool, listens: Bool) -> Duration {
    if foundRows { next = Self.shortest }
    if listens { return max(longest, Self.withNotifications) }
    defer { next = min(next * 2, longest) }
    return min(next, longest)
  }
}
