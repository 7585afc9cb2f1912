// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// What a server says of itself, as far as its settings and counts tell.
struct ServerFacts: Hashable, Sendable {
  /// The settings that matter to a stream.
  static let names = [
    "wal_level", "effective_wal_level", "max_replication_slots", "max_wal_senders", "wal_sender_timeout",
    "max_slot_wal_keep_size", "idle_replication_slot_timeout", "logical_decoding_work_mem", "synchronous_standby_names",
    "synchronized_standby_slots",
  ]

  /// Such as 150018.
  var version: Int
  var isStandby = false
  /// By name, each in its own unit.
  var settings: [String: Setting] = [:]
  /// How many slots there are.
  var slots = 0
  /// How many clients are being sent log.
  var senders = 0
  /// By which name a stream of ours is known.
  var applicationName = ""

  init(version: Int, settings: [String: String] = [:]) {
    self.version = version
    self.settings = settings.mapValues { Setting(value: $0, unit: nil) }
  }

  subscript(_ name: String) -> String { settings[name]?.value ?? "" }

  /// A setting and its unit, as pg_settings has them.
  struct Setting: Hashable, Sendable {
    var value: String
    var unit: String?

    /// A time.
    var duration: Duration? {
      guard let count = Int64(value) else { return nil }
      return switch unit {
      case "min": .seconds(count * 60)
      case "s": .seconds(count)
      default: .milliseconds(count)
      }
    }

    /// A number of bytes.
    var bytes: Int64? {
      guard let count = Int64(value) else { return nil }
      let factor: Int64 = ["kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30][unit ?? ""] ?? 1
      return count < 0 ? nil : count.multipliedReportingOverflow(by: factor).partialValue
    }
  }

  static func look(_ server: borrowing Connection) throws(Failure) -> ServerFacts {
    var facts = ServerFacts(version: server.serverVersion)
    let names = names.map(SQLQuoting.literal).joined(separator: ", ")
    for row in try server.query("SELECT name, setting, unit FROM pg_catalog.pg_settings WHERE name IN (\(names))") {
      facts.settings[row[0] ?? ""] = Setting(value: row[1] ?? "", unit: row[2])
    }
    let counts = try server.query(
      "SELECT pg_catalog.pg_is_in_recovery(), (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots), "
        + "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication), "
        + "pg_catalog.current_setting('application_name')")
    guard let row = counts.first else { return facts }
    facts.isStandby = row[0] == "t"
    facts.slots = row[1].flatMap { Int($0) } ?? 0
    facts.senders = row[2].flatMap { Int($0) } ?? 0
    facts.applicationName = row[3] ?? ""
    return facts
  }
}
