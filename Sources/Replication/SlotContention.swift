// SPDX-License-Identifier: Apache-2.0

import Glibc
import PostgresClient
public import PostgresWire

/// Opening a stream whose slot somebody may still hold.
///
/// When a client dies, its walsender goes on for a moment, or until `wal_sender_timeout` when the network is gone. At the
/// start that moment is waited for; after a lost connection, the holder is most likely ourselves.
public enum SlotContention {
  /// How long a first attempt waits for the slot.
  public static let grace: Duration = .seconds(3)

  /// Opens a stream; at the first time a slot that stays in use is an error, later one to try again.
  ///
  /// - Parameters:
  ///   - settings: where to connect, what to stream, and whether the slot is waited for.
  ///   - isFirst: whether it is the first time.
  ///   - isCancelled: asked about every fifth of a second while waiting: true gives up.
  ///   - onWait: told once when a slot is waited for.
  public static func open(
    _ settings: ReplicationSettings, isFirst: Bool,
    isCancelled: @escaping @Sendable () -> Bool = { false }, onWait: () -> Void = {}
  ) throws(Failure) -> ReplicationStream {
    if settings.waitsForSlot { try waitUntilFree(settings, isCancelled, onWait) }
    let deadline = ContinuousClock.now + grace
    while true {
      do {
        return try ReplicationStream(settings, isCancelled: isCancelled)
      } catch {
        guard error.sqlState == "55006" else { throw error }
        guard isFirst, !settings.waitsForSlot else {
          var failure = error
          failure.kind = .slotHeld
          throw failure
        }
        guard ContinuousClock.now < deadline, !isCancelled() else { throw error }
        usleep(100_000)
      }
    }
  }

  /// Asks over one connection, three times a second, whether the slot has been released.
  private static func waitUntilFree(
    _ settings: ReplicationSettings, _ isCancelled: @escaping @Sendable () -> Bool, _ onWait: () -> Void
  ) throws(Failure) {
    let server = try Connection.connect(
      settings.database, for: .replication, as: settings.slot, isCancelled: isCancelled)
    let question =
      "SELECT active FROM pg_catalog.pg_replication_slots WHERE slot_name = \(SQLQuoting.literal(settings.slot))"
    var hasSaidSo = false
    while try server.query(question).first?.first == "t", !isCancelled() {
      if !hasSaidSo { onWait() }
      hasSaidSo = true
      usleep(300_000)
    }
  }
}
