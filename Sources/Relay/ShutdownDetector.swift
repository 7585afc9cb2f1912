// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// Notices that the server wants to shut down and waits for us.
///
/// A walsender that is told to stop asks for an answer again and again until all it has sent is confirmed, at one and the
/// same position; otherwise it asks at most once in half of `wal_sender_timeout`. There is no other sign of it.
struct ShutdownDetector {
  /// So many questions, none long after the one before, are no coincidence.
  static let limit = 32
  /// How long the sink may still take before we let the server go.
  static let patience: Duration = .seconds(2)

  private var position = LSN.zero
  private var count = 0
  private var first = ContinuousClock.now
  private var last = ContinuousClock.now

  mutating func isShuttingDown(
    after questions: Int, at position: LSN, heartbeat: Duration?, now: ContinuousClock.Instant = .now
  ) -> Bool {
    if position != self.position || now - last > (heartbeat ?? .seconds(10)) / 2 {
      self.position = position
      count = 0
      first = now
    }
    last = now
    count += questions
    return count >= Self.limit && now - first >= Self.patience
  }
}
