// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Operations
import PostgresWire
import Relay

/// What this program is, for reports.
package struct Build: Sendable {
  package var version: String
  package var commit: String
  package var libpq: String
  /// When it was started, in seconds since 1970.
  package var started: Double

  package init(version: String, commit: String, libpq: String) {
    (self.version, self.commit, self.libpq) = (version, commit, libpq)
    started = Double(PostgresTimestamp.now.unixMicroseconds) / 1e6
  }
}

/// The metrics of a relay.
struct RelayMetrics {
  private var text = MetricsText()
  private let relay: [(String, String)]
  private let seen: Observation
  private var status: RelayStatus { seen.status }

  /// Those of some relays, and of the process.
  static func text(_ relays: [(name: String, seen: Observation)], _ build: Build) -> String {
    var all = MetricsText()
    for (name, seen) in relays {
      var metrics = RelayMetrics(seen, name)
      metrics.writeEvents()
      metrics.writeLatencies()
      metrics.writePositions()
      metrics.writeSlot()
      metrics.writeTroubles()
      metrics.writeWaiting()
      metrics.writeStates()
      all.add(metrics.text)
    }
    writeProcess(build, &all)
    return all.text
  }

  private init(_ seen: Observation, _ relay: String) {
    self.seen = seen
    self.relay = [("relay", relay)]
  }

  private mutating func counter(_ name: String, _ help: String, _ value: Int) {
    text.begin("tailrace_\(name)", .counter, help)
    text.sample("tailrace_\(name)", relay, value)
  }

  private mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    text.begin("tailrace_\(name)", .gauge, help)
    text.sample("tailrace_\(name)", relay, value)
  }

  private mutating func labelled(
    _ name: String, _ kind: MetricsText.Kind, _ help: String, _ label: String, _ values: [(String, Int)]
  ) {
    text.begin("tailrace_\(name)", kind, help)
    for (value, count) in values { text.sample("tailrace_\(name)", relay + [(label, value)], count) }
  }

  private mutating func writeEvents() {
    let counts = status.counts
    text.begin("tailrace_events_total", .counter, "Events by table, type and what became of them.")
    for (outcome, kinds) in [("delivered", seen.delivered), ("dead_letter", seen.letters)] {
      for kind in kinds {
        text.sample(
          "tailrace_events_total",
          relay + [("table", kind.kind.table), ("type", kind.kind.type), ("outcome", outcome)], kind.count)
      }
    }
    counter("events_read_total", "Rows and messages that became events.", counts.encodedEvents)
    counter("events_settled_total", "Events that are delivered, or are dead letters.", counts.deliveredEvents)
    counter("events_skipped_total", "Events that were delivered before, and not again.", counts.skippedEvents)
    counter("dead_letters_total", "Events that became dead letters.", counts.deadLetters + counts.keptEvents)
    counter("dead_rows_total", "Rows that could be no events and became dead letters.", counts.keptRows)
    counter("rows_cleaned_up_total", "Rows that were deleted or marked after delivery.", counts.cleanedRows)
    counter("received_bytes_total", "Bytes of the replication stream.", counts.receivedBytes)
    counter(
      "settled_bytes_total", "Bytes of the events that are delivered, or are dead letters.", counts.deliveredBytes)
    labelled(
      "ignored_total", .counter, "What was met and is no event, or no part of one.", "what",
      [
        ("change", counts.passedOver.changes), ("message", counts.passedOver.messages),
        ("header", counts.passedOver.headers),
      ])
  }

  private mutating func writeLatencies() {
    guard let tally = status.counts.tally else { return }
    counter("transactions_received_total", "Transactions with events that were read.", Int(tally.received.count))
    counter("transactions_delivered_total", "Transactions with events that are delivered.", Int(tally.whole.count))
    histogram(
      "commit_to_receive_seconds", "From a transaction's commit, by the server's clock, until it was read.",
      tally.received)
    histogram("receive_to_deliver_seconds", "From there until it was delivered, with all before it.", tally.delivered)
    histogram("commit_to_deliver_seconds", "From a transaction's commit until it was delivered.", tally.whole)
  }

  private mutating func histogram(_ name: String, _ help: String, _ histogram: LatencyHistogram) {
    let name = "tailrace_\(name)"
    text.begin(name, .histogram, help)
    var sum: UInt64 = 0
    for (bucket, bound) in LatencyHistogram.bounds.enumerated() {
      sum += histogram.counts[bucket]
      text.sample("\(name)_bucket", relay + [("le", "\(Double(bound) / 1e6)")], sum)
    }
    text.sample("\(name)_bucket", relay + [("le", "+Inf")], histogram.count)
    text.sample("\(name)_sum", relay, Double(histogram.sum) / 1e6)
    text.sample("\(name)_count", relay, histogram.count)
  }

  /// The ladder: whoever is slow is the first that lies behind the one before.
  private mutating func writePositions() {
    let ladder = seen.ladder
    text.begin(
      "tailrace_position_bytes", .gauge,
      "How far the log has come in each hand: server, sent, received, delivered, confirmed.")
    for (name, position) in ladder {
      if let position { text.sample("tailrace_position_bytes", relay + [("point", name)], position.rawValue) }
    }
    guard let end = ladder[0].position else { return }
    text.begin("tailrace_lag_bytes", .gauge, "How much of the server's log has not come to each hand.")
    for (name, position) in ladder.dropFirst() {
      guard let position else { continue }
      text.sample("tailrace_lag_bytes", relay + [("point", name)], end.rawValue - min(end, position).rawValue)
    }
    text.begin(
      "tailrace_lag_seconds", .gauge, "How long ago the server's log ended where each hand is, by the server's clock.")
    for (name, _) in ladder.dropFirst() {
      if let lag = seen.trend.lagSeconds[name] { text.sample("tailrace_lag_seconds", relay + [("point", name)], lag) }
    }
  }

  private mutating func writeSlot() {
    text.begin("tailrace_server_up", .gauge, "Whether the server answered when it was asked about the slot.")
    text.sample("tailrace_server_up", relay, seen.look == nil ? 0 : 1)
    guard let look = seen.look else { return }
    if let held = look.held {
      text.begin("tailrace_wal_held_bytes", .gauge, "How much log the server keeps for the slot.")
      text.sample("tailrace_wal_held_bytes", relay, held)
    }
    if let left = look.safeSize {
      text.begin("tailrace_wal_left_bytes", .gauge, "How much more may be written before the slot may be lost.")
      text.sample("tailrace_wal_left_bytes", relay, left)
    }
    gauge("slot_lost", "Whether the server has given the slot up.", look.isLost || !look.exists ? 1 : 0)
  }

  private mutating func writeTroubles() {
    let counts = status.counts
    labelled(
      "delivery_failures_total", .counter, "Attempts to deliver that failed, and were made again or given up.",
      "reason",
      counts.failures.sorted { $0.key < $1.key })
    labelled(
      "reconnects_total", .counter, "How often the stream was lost, or could not be opened, and was tried again.",
      "kind",
      counts.losses.map { ($0.key.rawValue, $0.value) }.sorted { $0.0 < $1.0 })
    counter("clean_up_failures_total", "Attempts to clean rows up that failed.", counts.cleanUpFailures)
    counter("pauses_total", "How often reading paused because the sink had enough.", counts.pauses)
  }

  private mutating func writeWaiting() {
    gauge("in_flight_batches", "Batches with the sink.", status.batchesInFlight)
    gauge("in_flight_bytes", "Bytes of events with the sink.", status.bytesInFlight)
    gauge("paused", "Whether nothing is read because the sink has enough.", status.pausedSince == nil ? 0 : 1)
    gauge("rows_to_clean_up", "Rows of delivered events that wait to be deleted or marked.", status.rowsToCleanUp)
    gauge("spool_transactions", "Transactions in progress that are kept until their commit.", status.spool.transactions)
    gauge("spool_memory_bytes", "What they take in memory.", status.spool.memory)
    gauge("spool_file_bytes", "What they take in files.", Int(status.spool.files))
  }

  private mutating func writeStates() {
    gauge("ready", "Whether the relay does what it is there for, or could.", seen.verdict.isReady ? 1 : 0)
    labelled(
      "state", .gauge, "What the relay is doing: 1 for one of the states.", "state",
      Verdict.State.allCases.map { ($0.rawValue, $0 == seen.verdict.state ? 1 : 0) })
  }

  private static func writeProcess(_ build: Build, _ text: inout MetricsText) {
    let use = ProcessUse.now
    text.begin("tailrace_build_info", .gauge, "What is running.")
    text.sample(
      "tailrace_build_info", [("version", build.version), ("commit", build.commit), ("libpq", build.libpq)], 1)
    text.begin("process_resident_memory_bytes", .gauge, "Memory in use.")
    text.sample("process_resident_memory_bytes", [], use.memory)
    text.begin("process_cpu_seconds_total", .counter, "Processor time.")
    text.sample("process_cpu_seconds_total", [], use.processorTime)
    text.begin("process_open_fds", .gauge, "Open file descriptors.")
    text.sample("process_open_fds", [], use.descriptors)
    text.begin("process_start_time_seconds", .gauge, "When it was started.")
    text.sample("process_start_time_seconds", [], build.started)
  }
}

extension LatencyHistogram {
  /// How many there were in all.
  fileprivate var count: UInt64 {
    var sum: UInt64 = 0
    for bucket in counts.indices { sum += counts[bucket] }
    return sum
  }
}
