// SPDX-License-Identifier: Apache-2.0

package import PostgresWire
import TableSource

/// Whether the rows can come that were in outboxes before a slot.
package struct InitialRowsChecking: Sendable {
  private let request: InitialRowsRequest

  /// - Parameters:
  ///   - time: under which names a table may have the time.
  ///   - isCancelled: asked while waiting for the server: true gives up.
  package init(
    database: String, tables: [TableName], time: [String], slot: String, isCancelled: @escaping @Sendable () -> Bool
  ) {
    request = InitialRowsRequest(
      database: database, tables: tables, time: time, slot: slot, desk: InitialRowsDesk(acceptsGap: false),
      isCancelled: isCancelled, tell: { _ in })
  }

  /// Looks, by the code by which a stream goes on with them.
  ///
  /// - Parameters:
  ///   - confirmed: up to where the slot is confirmed; nil where that is not known.
  ///   - known: how far the rows have come, as the output or the checkpoint has it.
  package func check(confirmed: LSN?, known: InitialRows?) -> Check {
    if let known, known.isDone {
      return Check(
        .initialRows, .ok, "the \(known.planned) initial rows are delivered", means: "what the slot brings comes next")
    }
    do throws(Failure) {
      let found = try InitialRowsLook(request, confirmed: confirmed)
      let planned = known.flatMap { $0.start == found.start ? $0.planned : nil } ?? 0
      return Check(
        .initialRows, .ok,
        "\(found.count) rows were there before \(found.start), of which \(planned) have been taken",
        means: "a stream begins with them, and what the slot brings follows")
    } catch {
      guard !error.isRetryable else {
        return Check(
          .initialRows, .unknown, error.what, means: "whether the rows before the slot can come is not known",
          todo: [error.advice].compactMap(\.self))
      }
      return Check(.initialRows, error, means: "a stream ends before the first event")
    }
  }
}
