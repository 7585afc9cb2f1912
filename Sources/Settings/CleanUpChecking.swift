// SPDX-License-Identifier: Apache-2.0

import Operations
import OutboxMapping
import PostgresWire

/// Whether rows can be cleaned up after delivery, and whom that concerns.
extension RelaySettings {
  /// Nil where rows stay.
  func cleanUpCheck(isCancelled: @escaping @Sendable () -> Bool) -> Check? {
    do throws(Failure) {
      let cleaner = try cleanUp.makeCleaner(outbox, database: source.database, isCancelled: isCancelled)
      guard let cleaner else { return nil }
      try cleaner.check([])
      guard cleanUp.afterDelivery == .delete else {
        return Check(.cleanUp, .ok, "rows can be marked", means: "a row is marked once its event is delivered")
      }
      let others = try cleaner.otherSlots(than: source.slot)
      guard others.isEmpty else {
        return Check(
          .cleanUp, .warning,
          "rows are deleted after delivery, and there are other slots: \(others.joined(separator: ", "))",
          means: "these get each event all the same, from the log; but nobody can send one again from the table",
          todo: ["if whoever reads them may need rows again, keep or mark rows (\(setting: "after-delivery", "mark"))"])
      }
      return Check(.cleanUp, .ok, "rows can be deleted", means: "a row is deleted once its event is delivered")
    } catch {
      guard !error.isRetryable else {
        return Check(
          .cleanUp, .unknown, error.what, means: "whether rows can be cleaned up is not known",
          todo: [error.advice].compactMap(\.self))
      }
      return Check(.cleanUp, error, means: "a stream ends before the first event")
    }
  }
}
