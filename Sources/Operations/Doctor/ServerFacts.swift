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
  /// Whether they were asked one by one, since pg_settings may not be read: where they come from is not known then.
  var areSourcesHidden = false
  /// How many slots there are; nil where that may not be seen.
  var slots: Int? = 0
  /// How many clients are being sent log; likewise.
  var senders: Int? = 0
  /// For whom settings may be set.
  var (role, database) = ("", "")
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
    /// Such as `configuration file`, `user` or `client`. Source: PostgreSQL manual, "System Views", pg_settings, source.
    var source: String?

    /// A time.
    var duration: Duration? {
      guard let count = Int64(value) else { return nil }
      return switch unit {
      case "d": .seconds(count * 86_400)
      case "h": .seconds(count * 3600)
      case "min": .seconds(count * 60)
      case "s": .seconds(count)
      default: .milliseconds(count)
      }
    }

    /// A number of bytes.
    var bytes: Int64? {
      guard let count = Int64(value) else { return nil }
      let factor: Int64 = ["kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40][unit ?? ""] ?? 1
      return count < 0 ? nil : count.multipliedReportingOverflow(by: factor).partialValue
    }
  }

  static func look(_ server: borrowing Connection) throws(Failure) -> ServerFacts {
    var facts = ServerFacts(version: server.serverVersion)
    let names = names.map(SQLQuoting.literal).joined(separator: ", ")
    do throws(Failure) {
      for row in try server.query(
        "SELECT name, setting, unit, source FROM pg_catalog.pg_settings WHERE name IN (\(names))")
      {
        facts.settings[row[0] ?? ""] = Setting(value: row[1] ?? "", unit: row[2], source: row[3])
      }
    } catch {
      guard error.kind == .privilege else { throw error }
      facts.areSourcesHidden = true
      for row in try server.query(
        "SELECT name, pg_catalog.current_setting(name, true) FROM pg_catalog.unnest(ARRAY[\(names)]) AS s (name)")
      {
        facts.settings[row[0] ?? ""] = row[1].map { Setting(shown: $0) }
      }
    }
    let row = try server.query(
      "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('application_name'), session_user, "
        + "pg_catalog.current_database()"
    ).first
    facts.isStandby = row?[0] == "t"
    facts.applicationName = row?[1] ?? ""
    (facts.role, facts.database) = (row?[2] ?? "", row?[3] ?? "")
    facts.slots = count("pg_replication_slots", server)
    facts.senders = count("pg_stat_replication", server)
    return facts
  }

  private static func count(_ view: String, _ server: borrowing Connection) -> Int? {
    (try? server.query("SELECT pg_catalog.count(*) FROM pg_catalog.\(view)"))?.first?[0].flatMap { Int($0) }
  }
}

extension ServerFacts.Setting {
  /// As `current_setting` shows it, such as `1min`, `64MB` or `on`.
  init(shown text: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "-" }
    let isNumber = Int64(digits) != nil
    self.init(value: isNumber ? String(digits) : text, unit: isNumber ? String(text.dropFirst(digits.count)) : nil)
  }
}
