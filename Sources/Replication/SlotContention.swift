import Glibc
public import PostgresWire

/// Opening a stream whose slot somebody may still hold.
///
/// When a client dies, its walsender goes on for a moment, or until `wal_sender_timeout` when the network is gone. At the
/// start that moment is waited for; after a lost connection, the holder is most likely ourselves.
public enum SlotContention {
  /// How long a first attempt waits for the slot.
  public static let grace: Duration = .seconds(3)

  /// Opens a stream; at the first time a slot that stays in use is an error, later one to try again.
  public static func open(
    _ settings: ReplicationSettings, from lsn: LSN, isFirst: Bool
  ) throws(StreamError) -> ReplicationStream {
    if settings.waitsForSlot { try waitUntilFree(settings) }
    let deadline = ContinuousClock.now + grace
    while true {
      do {
        return try ReplicationStream(settings, from: lsn)
      } catch {
        guard error.sqlState == "55006" else { throw error }
        guard isFirst, !settings.waitsForSlot else {
          var failure = error
          failure.isRetryable = true
          throw failure
        }
        guard ContinuousClock.now < deadline, !settings.isCancelled() else { throw error }
        usleep(100_000)
      }
    }
  }

  /// Asks over one connection, three times a second, whether the slot has been released.
  private static func waitUntilFree(_ settings: ReplicationSettings) throws(StreamError) {
    let server = try Libpq.connect(settings.database, forReplication: true, isCancelled: settings.isCancelled)
    let question =
      "SELECT active FROM pg_catalog.pg_replication_slots WHERE slot_name = \(SQLQuoting.literal(settings.slot))"
    var hasSaidSo = false
    while try server.query(question).first?.first == "t", !settings.isCancelled() {
      if !hasSaidSo { settings.onWait() }
      hasSaidSo = true
      usleep(300_000)
    }
  }
}
