// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import Octets
import PostgresWire

/// The confirmed position in a file of our own, because a crash can move the slot's back.
///
/// Lines of a word, a blank and a value; the last is a checksum of those before it. The file is replaced whole.
struct Checkpoint: Sendable {
  private static let magic = "tailrace-checkpoint 1"

  private let path: String
  /// What the file said when it was opened; nil when there was none.
  let resume: Confirmation?
  private let stored: StreamIdentity?
  private var written: LSN
  /// Which tables are and were outboxes; nil when the file does not say so.
  private(set) var tables: OutboxTables?
  /// How far the rows have come that were there before the slot; nil when the file does not say so.
  private(set) var initialRows: InitialRows?
  /// How far the rows are delivered that stay in their table; nil when the file does not say so.
  private(set) var polledRows: PolledRows?

  /// Reads the file if there is one. A file that cannot be understood is an error, never a position.
  init(path: String) throws(Failure) {
    self.path = path
    let text: String?
    do throws(SystemFailure) {
      text = try SmallFile.record(path, synchronizing: true)
    } catch {
      throw .checkpoint("read", path, error)
    }
    guard let text else {
      (resume, stored, written) = (nil, nil, .zero)
      return
    }
    guard let record = Self.parse(text) else { throw .damagedCheckpoint(path) }
    (resume, stored, written, self.tables) = (record.confirmed, record.identity, record.confirmed.lsn, record.tables)
    (initialRows, polledRows) = (record.initialRows, record.polledRows)
  }

  /// Whether somebody else has written a later position meanwhile.
  func isOvertaken() throws(Failure) -> Bool {
    let found = try Checkpoint(path: path)
    return found.written > written || found.initialRows.map { $0 != initialRows } ?? false
  }

  /// Refuses a stream that the position does not belong to.
  func check(_ identity: StreamIdentity) throws(Failure) {
    if let stored { try check(stored, is: identity) }
  }

  private func check(_ stored: StreamIdentity, is identity: StreamIdentity) throws(Failure) {
    guard stored.systemIdentifier == identity.systemIdentifier, stored.slot == identity.slot,
      stored.timeline == identity.timeline
    else {
      throw Failure(
        .wrongStream,
        "\(path) belongs to slot \(stored.slot) of system \(stored.systemIdentifier), timeline \(stored.timeline), not to "
          + "slot \(identity.slot) of system \(identity.systemIdentifier), timeline \(identity.timeline)",
        advice: "remove it only if you know that nothing is missing")
    }
  }

  /// Writes a position and the tables, durably, if it is a later one, or they have changed.
  ///
  /// - Parameters:
  ///   - rows: how far the rows have come that were there before the slot; nil for no farther than before.
  ///   - polled: how far the rows are that stay in their table; nil for no farther than before.
  mutating func write(
    _ confirmed: Confirmation, _ tables: OutboxTables, rows: InitialRows? = nil, polled: PolledRows? = nil,
    of identity: StreamIdentity
  ) throws(Failure) {
    let (lsn, rows, polled) = (confirmed.lsn, rows ?? initialRows, polled ?? polledRows)
    let hasChanged = tables != self.tables || rows != initialRows || polled != polledRows
    guard lsn > written || (lsn == written && lsn > .zero && hasChanged) else { return }
    var lines = KeyValueText()
    lines.append("system", identity.systemIdentifier)
    lines.append("timeline", identity.timeline)
    lines.append("slot", identity.slot)
    lines.append("lsn", confirmed)
    lines.append(tables)
    if let rows { lines.append(rows) }
    if let polled { lines.append(polled) }
    let body = "\(Self.magic)\n\(lines.text)"
    var refusal: Failure?
    do {
      try AtomicFile.write(body + "check \(Self.checksum(body))\n", to: path, isShared: true) {
        () throws(SystemFailure) in
        do throws(Failure) { return try isBehind(confirmed, identity) } catch {
          refusal = error
          return false
        }
      }
    } catch {
      throw .checkpoint("write", path, error)
    }
    if let refusal { throw refusal }
    (written, self.tables, initialRows, polledRows) = (lsn, tables, rows, polled)
  }

  /// Whether the file as it is now is to be replaced: a relay that shares it may have come further while we were without the
  /// slot. What is no checkpoint of this slot stays as it is.
  private func isBehind(_ confirmed: Confirmation, _ identity: StreamIdentity) throws(Failure) -> Bool {
    let text: String?
    do throws(SystemFailure) { text = try SmallFile.record(path, synchronizing: false) } catch {
      throw .checkpoint("read", path, error)
    }
    guard let text else { return true }
    guard let found = Self.parse(text) else { throw .damagedCheckpoint(path) }
    try check(found.identity, is: identity)
    return found.confirmed.lsn <= confirmed.lsn
  }

  private struct Record {
    let identity: StreamIdentity
    let confirmed: Confirmation
    let tables: OutboxTables?
    let initialRows: InitialRows?
    let polledRows: PolledRows?
  }

  private static func parse(_ text: String) -> Record? {
    // A name may hold any words: only the last line is the checksum.
    guard text.hasPrefix(magic), let end = text.utf8.dropLast().lastIndex(of: UInt8(ascii: "\n")) else { return nil }
    let body = String(text[...end])
    guard text[text.utf8.index(after: end)...] == "check \(checksum(body))\n" else { return nil }
    guard let lines = KeyValueText(body.dropFirst(magic.count)), let system = lines["system"],
      let timeline = lines["timeline"].flatMap({ UInt32($0) }), let slot = lines["slot"],
      let confirmed = lines.confirmation("lsn"), let tables = lines.tables,
      !lines.hasBadInitialRows, !lines.hasBadPolledRows
    else { return nil }
    let identity = StreamIdentity(
      systemIdentifier: system, timeline: timeline, database: "", slot: slot, publication: "")
    return Record(
      identity: identity, confirmed: confirmed, tables: tables.outboxes.isEmpty ? nil : tables,
      initialRows: lines.initialRows, polledRows: lines.polledRows)
  }

  private static func checksum(_ text: String) -> String {
    let bytes = Array(text.utf8)
    return unsafe String(XXH64.hash(bytes.span.bytes), radix: 16)
  }
}

extension Failure {
  fileprivate static func damagedCheckpoint(_ path: String) -> Failure {
    Failure(
      .wrongStream, "\(path) is no checkpoint, or is damaged",
      advice: """
        name another file, or remove it if it was one, to go on from the slot's own position: some events may come again, and \
        a slot that somebody else has moved is not noticed
        """)
  }

  fileprivate static func checkpoint(_ what: String, _ path: String, _ error: SystemFailure) -> Failure {
    Failure(
      .checkpointWrite, "cannot \(what) the checkpoint \(path): \(error.text)",
      advice: Failure.advice(opening: error))
  }
}
