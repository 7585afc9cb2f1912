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
    database: String, tables: [TableName], time: [String], slot: String, publication: String,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    request = InitialRowsRequest(
      database: database, tables: tables, time: time, slot: slot, publications: [publication],
      desk: InitialRowsDesk(acceptsGap: false), isCancelled: isCancelled, tell: { _ in }, warn: { _ in })
  }

  /// Looks, by the code by which a stream goes on with them.
  ///
  /// - Parameters:
  ///   - confirmed: up to where the slot is confirmed; nil where that is not known.
  ///   - known: how far the rows have come, as the output or the checkpoint has it.
  package func check(confirmed: LSN?, known: InitialRows?) -> Check {
    do throws(Failure) {
      let found = try InitialRowsLook(request, known: known, confirmed: confirmed)
      // What is on record of another slot of the name says nothing of this one.
      let known = known.flatMap { $0.start == found.start ? $0 : nil }
      if let known, known.isDone { return Self.over(known) }
      return Check(
        .initialRows, .ok,
        "\(found.count) rows were there before \(found.start), of which \(known?.planned ?? 0) have been taken",
        means: "a stream begins with them, and what the slot brings follows")
    } catch {
      // Once they are delivered, nobody needs the snapshot.
      if let known, known.isDone, !error.isRetryable { return Self.over(known) }
      guard !error.isRetryable else {
        return Check(
          .initialRows, .unknown, error.what, means: "whether the rows before the slot can come is not known",
          todo: [error.advice].compactMap(\.self))
      }
      return Check(.initialRows, error, means: "a stream ends before the first event")
    }
  }

  private static func over(_ known: InitialRows) -> Check {
    Check(
      .initialRows, .ok, "the \(known.planned) initial rows are delivered", means: "what the slot brings comes next")
  }
}
