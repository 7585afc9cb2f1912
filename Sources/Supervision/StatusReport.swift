// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets
package import Operations
package import PostgresWire
import Relay

/// How a relay stands, for people and for programs: as far as it is known.
package struct StatusReport: Sendable {
  package var verdict: Verdict
  package var relay: String
  /// Whether this is the relay's own word, or the server's alone.
  package var isByRelay = false
  package var identity: StreamIdentity?
  package var ladder: [(name: String, position: LSN?)] = []
  package var trend = Trend()
  package var look: SlotLook?
  var status: RelayStatus?

  /// What an observation comes to.
  init(_ seen: Observation, relay: String) {
    verdict = seen.verdict
    self.relay = relay
    isByRelay = true
    identity = seen.status.identity
    ladder = seen.ladder
    trend = seen.trend
    look = seen.look
    status = seen.status
  }

  /// What a server says of a slot.
  package init(_ look: SlotLook, _ verdict: Verdict, _ trend: Trend, relay: String) {
    (self.look, self.verdict, self.trend, self.relay) = (look, verdict, trend, relay)
    ladder = [("server", look.end), ("sent", look.walsender?.sent), ("confirmed", look.confirmed)]
  }

  /// Nothing is known.
  package static func unknown(_ why: String) -> StatusReport {
    var report = StatusReport(
      SlotLook(end: .zero, serverTime: 0), Verdict(.down, why, isReady: false), Trend(), relay: "")
    (report.look, report.ladder) = (nil, [])
    return report
  }

  private var end: LSN? { ladder.first?.position ?? nil }

  private func lag(_ position: LSN?) -> UInt64? {
    guard let end, let position else { return nil }
    return end.rawValue - min(end, position).rawValue
  }

  private var backlog: UInt64? { lag(ladder.last?.position ?? nil) }

  /// One JSON object.
  package var json: String {
    let lagBytes = ladder.dropFirst().map { (name: $0.name, value: lag($0.position).map { "\($0)" }) }
    var members: [(String, String?)] = [
      ("state", JSONText.string(verdict.state.rawValue)), ("reason", JSONText.string(verdict.reason)),
      ("ready", isByRelay ? "\(verdict.isReady)" : nil), ("relay", JSONText.string(relay)),
      ("slot", identity.map { JSONText.string($0.slot) }),
      ("publication", identity.map { JSONText.string($0.publication) }),
      ("database", identity.map { JSONText.string($0.database) }),
      ("system", identity.map { JSONText.string($0.systemIdentifier) }),
      ("positions", Self.object(ladder.map { ($0.name, $0.position.map { JSONText.string("\($0)") }) })),
      ("lag_bytes", Self.object(lagBytes.map { ($0.name, $0.value) })),
      ("lag_seconds", Self.object(ladder.dropFirst().map { ($0.name, Self.number(trend.lagSeconds[$0.name])) })),
      (
        "backlog",
        Self.object([
          ("bytes", backlog.map { "\($0)" }), ("seconds_left", Self.number(trend.secondsLeft(of: backlog))),
        ])
      ),
      (
        "rate",
        Self.object([
          ("events_per_second", Self.number(trend.eventsPerSecond)),
          ("bytes_per_second", Self.number(trend.bytesPerSecond)),
          ("confirmed_bytes_per_second", Self.number(trend.confirmedPerSecond)),
          ("written_bytes_per_second", Self.number(trend.writtenPerSecond)),
        ])
      ),
      (
        "wal",
        Self.object([
          ("status", look?.walStatus.map { JSONText.string($0) }), ("held_bytes", look?.held.map { "\($0)" }),
          ("left_bytes", look?.safeSize.map { "\($0)" }),
          ("seconds_to_limit", Self.number(trend.secondsUntilWritten(look?.safeSize))),
        ])
      ),
    ]
    if let status {
      let counts = status.counts
      members += [
        ("phase", JSONText.string(status.phase.rawValue)),
        (
          "events",
          Self.object([
            ("read", "\(counts.encodedEvents)"), ("settled", "\(counts.deliveredEvents)"),
            ("skipped", "\(counts.skippedEvents)"), ("dead_letters", "\(counts.deadLetters + counts.keptEvents)"),
            ("dead_rows", "\(counts.keptRows)"),
          ])
        ),
        (
          "in_flight",
          Self.object([
            ("batches", "\(status.batchesInFlight)"), ("bytes", "\(status.bytesInFlight)"),
          ])
        ),
        ("reconnects", "\(status.retries)"),
        ("delivery_failures", "\(status.health.failures)"),
        ("last_failure", (status.health.trouble?.reason ?? status.lastFailure).map { JSONText.string($0) }),
        ("paused", "\(status.pausedSince != nil)"), ("sink", JSONText.string(status.health.destination)),
        ("latency", status.counts.tally.map(Self.latency)),
        ("oldest_waiting_seconds", Self.number(status.counts.tally?.oldest.map(Self.age))),
        ("messages", "[\(status.notices.reversed().map(Self.message).joined(separator: ","))]"),
        (
          "clean_up",
          Self.object([
            ("rows", "\(counts.cleanedRows)"), ("waiting", "\(status.rowsToCleanUp)"),
            ("failures", "\(counts.cleanUpFailures)"),
            ("failing_seconds", Self.number(status.cleanUpTroubleSince.map { (status.time - $0) / .seconds(1) })),
          ])
        ),
        (
          "spool",
          Self.object([
            ("transactions", "\(status.spool.transactions)"), ("memory_bytes", "\(status.spool.memory)"),
            ("file_bytes", "\(status.spool.files)"),
          ])
        ),
      ]
    }
    return Self.object(members)
  }

  private static func object(_ members: [(String, String?)]) -> String {
    "{" + members.map { "\"\($0)\":\($1 ?? "null")" }.joined(separator: ",") + "}"
  }

  private static func number(_ value: Double?) -> String? {
    value.flatMap { $0.isFinite ? "\(($0 * 1000).rounded() / 1000)" : nil }
  }

  /// Some lines for people; none of it can steer a terminal.
  package var text: String {
    var lines = [("state", "\(verdict.state.rawValue): \(verdict.reason)")]
    lines.append(
      ("relay", ([relay] + [identity.map { "of database \($0.database)" }].compactMap { $0 }).joined(separator: " ")))
    for (name, position) in ladder {
      guard let position else { continue }
      let behind = name == "server" ? nil : lag(position).map { "\(ByteCount(Double($0))) behind" }
      let seconds = trend.lagSeconds[name].map { Amount.time($0) }
      lines.append((name, (["\(position)"] + [behind, seconds].compactMap { $0 }).joined(separator: ", ")))
    }
    let rates = [
      trend.eventsPerSecond.map { "\(Amount.number($0)) events/s" },
      trend.confirmedPerSecond.map { "\(ByteCount($0))/s confirmed" },
      trend.writtenPerSecond.map { "\(ByteCount($0))/s written" },
    ].compactMap { $0 }
    if !rates.isEmpty { lines.append(("rate", rates.joined(separator: ", "))) }
    if let backlog, backlog > 0 {
      let left = trend.secondsLeft(of: backlog).map { "done in \(Amount.time($0))" } ?? "does not shrink"
      lines.append(("backlog", "\(ByteCount(backlog)), \(left)"))
    }
    if let held = look?.held {
      var words = "\(ByteCount(held)) held" + (look?.walStatus.map { " (\($0))" } ?? "")
      if let left = look?.safeSize {
        words += ", \(ByteCount(left)) left to the limit"
        if let time = trend.secondsUntilWritten(left) { words += ", in \(Amount.time(time)) at this rate" }
      }
      lines.append(("wal", words))
    }
    if let status {
      let counts = status.counts
      lines.append(("events", "\(counts.encodedEvents) read, \(counts.deliveredEvents - counts.deadLetters) delivered"))
      lines.append(("in flight", "\(status.batchesInFlight) batches, \(ByteCount(status.bytesInFlight))"))
      lines.append(("retries", "\(status.health.failures) deliveries, \(status.retries) connections"))
      lines.append(("dead letters", "\(counts.deadLetters + counts.keptEvents) events, \(counts.keptRows) rows"))
      if counts.cleanedRows + status.rowsToCleanUp > 0 {
        lines.append(("cleaned up", "\(counts.cleanedRows) rows, \(status.rowsToCleanUp) wait"))
      }
    }
    return lines.map { line in
      let name = line.0 + String(repeating: " ", count: max(0, 14 - line.0.count))
      return "\(name)\(ForeignText(line.1.replacing("\n", with: " ")))\n"
    }.joined()
  }
}
