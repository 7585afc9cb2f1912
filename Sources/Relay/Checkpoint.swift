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
  let resume: LSN?
  private let stored: StreamIdentity?
  private var written: LSN
  /// Which tables are and were outboxes; nil when the file does not say so.
  private(set) var tables: OutboxTables?

  /// Reads the file if there is one. A file that cannot be understood is an error, never a position.
  init(path: String) throws(Failure) {
    self.path = path
    let text: String?
    do throws(SystemFailure) {
      text = try SmallFile.record(path, synchronizing: true)
    } catch {
      throw Failure(.wrongStream, "cannot read \(path): \(error.text)")
    }
    guard let text else {
      (resume, stored, written) = (nil, nil, .zero)
      return
    }
    guard let (identity, lsn, tables) = Self.parse(text) else {
      throw Failure(
        .wrongStream, "\(path) is no checkpoint, or is damaged",
        advice: "remove it to go on from the slot's own position, at the price of some events coming again")
    }
    (resume, stored, written, self.tables) = (lsn, identity, lsn, tables)
  }

  /// Refuses a stream that the position does not belong to.
  func check(_ identity: StreamIdentity) throws(Failure) {
    guard let stored else { return }
    let advice: Wording = "remove it only if you know that nothing is missing"
    guard stored.systemIdentifier == identity.systemIdentifier, stored.timeline == identity.timeline,
      stored.slot == identity.slot
    else {
      throw Failure(
        .wrongStream,
        "\(path) belongs to slot \(stored.slot) of system \(stored.systemIdentifier), timeline \(stored.timeline), not to "
          + "slot \(identity.slot) of system \(identity.systemIdentifier), timeline \(identity.timeline)",
        advice: advice)
    }
  }

  /// Writes a position and the tables, durably, if it is a later one, or they have changed.
  mutating func write(_ lsn: LSN, _ tables: OutboxTables, of identity: StreamIdentity) throws(Failure) {
    guard lsn > written || (lsn == written && lsn > .zero && tables != self.tables) else { return }
    var lines = KeyValueText()
    lines.append("system", identity.systemIdentifier)
    lines.append("timeline", identity.timeline)
    lines.append("slot", identity.slot)
    lines.append("lsn", lsn)
    lines.append(tables)
    let body = "\(Self.magic)\n\(lines.text)"
    let path = path
    do {
      // A standby that shares the file may have come further while we were without the slot.
      try AtomicFile.write(body + "check \(Self.checksum(body))\n", to: path) { () throws(SystemFailure) in
        let found = try SmallFile.record(path, synchronizing: false).flatMap(Self.parse)
        return found.map { $0.1 <= lsn || $0.0.timeline != identity.timeline } ?? true
      }
    } catch {
      throw Failure(.checkpointWrite, "cannot write \(path): \(error.text)")
    }
    (written, self.tables) = (lsn, tables)
  }

  private static func parse(_ text: String) -> (StreamIdentity, LSN, OutboxTables?)? {
    guard let check = text.firstRange(of: "check "), text.hasPrefix(magic) else { return nil }
    let body = String(text[..<check.lowerBound])
    guard text[check.upperBound...] == "\(checksum(body))\n" else { return nil }
    guard let lines = KeyValueText(body.dropFirst(magic.count)), let system = lines["system"],
      let timeline = lines["timeline"].flatMap({ UInt32($0) }), let slot = lines["slot"],
      let lsn = lines["lsn"].flatMap({ LSN($0) }), let tables = lines.tables
    else { return nil }
    let identity = StreamIdentity(
      systemIdentifier: system, timeline: timeline, database: "", slot: slot, publication: "")
    return (identity, lsn, tables.outboxes.isEmpty ? nil : tables)
  }

  private static func checksum(_ text: String) -> String {
    let bytes = Array(text.utf8)
    return unsafe String(XXH64.hash(bytes.span.bytes), radix: 16)
  }
}
