// SPDX-License-Identifier: Apache-2.0

package import Delivery
import Glibc
import PostgresClient
package import PostgresWire

/// Removes rows of an outbox that are known to have been delivered, a few at a time.
package struct Pruner: Sendable {
  /// What is asked for.
  package struct Request: Sendable {
    package var table: TableName
    package var slot: String
    /// The columns that may have the id and the time; the first that is there counts.
    package var idColumns: [String]
    package var timeColumns: [String]
    /// Only rows of which the time is so long ago.
    package var age: Duration
    /// Whether rows may go that are older than the slot, which it has never brought.
    package var beforeSlot = false
    /// Whether partitions go as a whole where their time is over.
    package var dropsPartitions = false
    package var dryRun = false
    /// How many rows a second.
    package var rate = 5000
    /// How long to wait for the slot.
    package var wait = Duration.seconds(30)

    package init(table: TableName, slot: String, idColumns: [String], timeColumns: [String], age: Duration) {
      (self.table, self.slot, self.age) = (table, slot, age)
      (self.idColumns, self.timeColumns) = (idColumns, timeColumns)
    }
  }

  /// What came of it.
  package struct Result: Hashable, Sendable {
    /// How many rows are old enough.
    package var old = 0
    /// How many of them went, or would go.
    package var gone = 0
    /// How many stay because others have them locked or change them.
    package var busy = 0
    /// How many partitions went, or would go, with rows that count among those that went.
    package var partitions = 0
  }

  let session: SQLSession
  let request: Request
  let marks: TableName
  let isCancelled: @Sendable () -> Bool
  let tell: @Sendable (Wording) -> Void

  /// - Parameters:
  ///   - isCancelled: asked now and then: true ends it behind what is under way.
  ///   - tell: told what it waits for.
  package init(
    _ request: Request, database: String, isCancelled: @escaping @Sendable () -> Bool,
    tell: @escaping @Sendable (Wording) -> Void
  ) {
    self.request = request
    marks = PruneMarks.table(beside: request.table)
    // Rows that a policy would hide are an error.
    session = SQLSession(
      database: database,
      // All rows of a partition are looked at in one statement.
      timeLimit: request.dropsPartitions ? nil : .seconds(60), lockLimit: .seconds(1),
      preparation: "SET row_security = off; SET timezone = 'UTC'; SET datestyle = 'ISO'", isCancelled: isCancelled)
    (self.isCancelled, self.tell) = (isCancelled, tell)
  }

  /// Prunes.
  ///
  /// - Parameter letters: where dead letters are, whose rows stay.
  package func run(_ letters: (any DeadLetterStore)?) throws(Failure) -> Result {
    let target = try target()
    try keepPartitions()
    let proof = try proof()
    // Letters are kept before their position is confirmed: those of what is proved to be confirmed are there by now.
    let kept = try letters.map { (store) throws(Failure) in try KeptIDs(store, idColumns: request.idColumns) }
    var result = Result()
    do throws(Failure) {
      for part in target.parts where !isCancelled() {
        guard request.dropsPartitions, part.isByTime else {
          try prune(part, target, proof, kept?.array ?? "{}", &result)
          continue
        }
        // What is left of a day goes with it.
        if part.isOver { try drop(part, target, proof, kept?.array ?? "{}", &result) }
      }
    } catch {
      // Asked to end, it gives up what is under way, which is rolled back.
      guard isCancelled() else { throw error }
    }
    return result
  }

  /// Rests, but for no longer than until somebody wants an end.
  func pause(_ duration: Duration) {
    let deadline = ContinuousClock.now + duration
    while case let left = deadline - .now, left > .zero, !isCancelled() {
      usleep(UInt32(min(left, .milliseconds(100)) / .microseconds(1)))
    }
  }

  /// What the server says, in an operator's words.
  func explained(_ error: Failure) -> Failure {
    var failure = error
    switch error.sqlState {
    case "42P01"?:
      return Failure(
        .settings, "there is no table \(marks), in which is kept what the slot has delivered",
        advice: "make it with \(command: "setup", [.init("slot", request.slot), .init("prunable")])", sqlState: "42P01")
    case "42501"?:
      failure.kind = .privilege
      failure.advice =
        "as the table's owner, GRANT SELECT, DELETE ON \(SQLName.inStatement(request.table)), "
        + "\(SQLName.inStatement(marks)) TO the role, GRANT INSERT ON \(SQLName.inStatement(marks)) TO it too; where policies hide rows "
        + "from it, use a role that they do not hold for"
    case "23503"?:
      failure.kind = .differs
      failure.advice = "drop the foreign key that refers to the outbox, or remove what refers to it first"
    case let state? where state.hasPrefix("P0") || state.hasPrefix("23") || state.hasPrefix("38"):
      // What a trigger says may hold values.
      return Failure(
        .differs, "rows of \(request.table) cannot be removed: a trigger or a constraint forbids that",
        advice:
          "a trigger on \(request.table) does not let rows go: drop it, or let it make an exception for this role",
        sqlState: state)
    default: break
    }
    return failure
  }
}
