// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// Before which transactions a step may end: before all that have ended, and of which the server's log says so durably. After a
/// crash it would give the number of another once more.
struct DurableHorizon {
  /// How long it waits for a log that is not written any further by itself.
  private static let patience: Duration = .milliseconds(100)

  private var found: (horizon: PollReader.Horizon, at: ContinuousClock.Instant, hasPushed: Bool)?

  /// Whether one waits for the log.
  var isPending: Bool { found != nil }

  /// The next one; nil while the log is not durable that far.
  mutating func look(_ reader: borrowing PollReader) throws(Failure) -> PollReader.Horizon? {
    let now = try reader.horizon()
    guard let earlier = found else {
      if now.durable >= now.log { return now }
      found = (now, .now, false)
      return nil
    }
    if now.durable >= earlier.horizon.log {
      found = nil
      return earlier.horizon
    }
    if !earlier.hasPushed, .now - earlier.at >= Self.patience {
      try reader.makeDurable()
      found?.hasPushed = true
    }
    return nil
  }
}

/// Tells for which transaction rows wait, after a while and then sparsely.
struct OpenTransactionNotice {
  private var number: UInt64 = 0
  private var since = ContinuousClock.now
  private var patience: Duration = .seconds(2)

  /// What is to be said now.
  ///
  /// - Parameter number: the first that has not ended.
  mutating func look(_ reader: borrowing PollReader, _ number: UInt64) throws(Failure) -> Wording? {
    guard number == self.number else {
      (self.number, since, patience) = (number, .now, .seconds(2))
      return nil
    }
    guard .now - since >= patience, try reader.hasRows(from: number) else { return nil }
    patience = min(patience * 4, (.now - since) + .seconds(600))
    return try words(reader, number)
  }

  /// What is said of rows that wait.
  func words(_ reader: borrowing PollReader, _ number: UInt64) throws(Failure) -> Wording {
    "rows of \(reader.shape.table) wait for a transaction that is open: \(try reader.description(of: number)); what is committed after it began comes when it has ended"
  }
}
