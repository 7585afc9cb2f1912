import IntegrationEvents
import Octets
import PgOutput
import PostgresWire

/// What lies in a spool, one after another: a head of fixed size, then its content.
///
/// Nobody but the process that wrote it reads a spool, so its layout is free to change.
struct SpoolRecord {
  /// What the content is.
  enum Kind: UInt8 {
    /// Nothing: rows that became no events.
    case rows
    /// An event's line.
    case event
    /// A row that could not become an event: why, a newline, and the row as JSON.
    case badRow
    /// Nothing: a row with which the stream has to end.
    case failure
  }

  let kind: Kind
  /// The transaction or subtransaction that wrote the rows.
  let subtransaction: TransactionID
  /// How many rows it stands for, the last of which is what the content is about.
  let rows: UInt64
  /// How long the content is.
  let size: Int
  /// Where things lie in an event's line.
  let places: Places

  /// Ranges of an event's line; -1 stands for none.
  struct Places {
    var id = 0..<0
    var key = 0..<0
    var traceParent = 0..<0
    var sequence = -1
    var commitTime = -1
  }

  /// How long the head is.
  static let headSize = 1 + 4 + 8 + 8 + 8 * 8

  func append(to bytes: inout [UInt8]) {
    bytes.append(kind.rawValue)
    bytes.appendBigEndian(subtransaction)
    bytes.appendBigEndian(rows)
    for number in [
      size, places.id.lowerBound, places.id.upperBound, places.key.lowerBound, places.key.upperBound,
      places.traceParent.lowerBound, places.traceParent.upperBound, places.sequence, places.commitTime,
    ] { bytes.appendBigEndian(Int64(number)) }
  }
}

extension SpoolRecord {
  /// Reads a head.
  init(head: RawSpan) throws(LayoutError) {
    var bytes = head
    let tag = try bytes.readByte()
    guard let kind = Kind(rawValue: tag) else { throw .unexpectedTag(tag, expected: "a spooled record") }
    self.kind = kind
    subtransaction = try bytes.readInteger(TransactionID.self)
    rows = try bytes.readInteger(UInt64.self)
    size = try Self.number(&bytes)
    places = Places(
      id: try Self.range(&bytes), key: try Self.range(&bytes), traceParent: try Self.range(&bytes),
      sequence: try Self.number(&bytes), commitTime: try Self.number(&bytes))
    guard size >= 0 else { throw .invalidCount(size) }
  }

  private static func number(_ bytes: inout RawSpan) throws(LayoutError) -> Int {
    Int(try bytes.readInteger(Int64.self))
  }

  private static func range(_ bytes: inout RawSpan) throws(LayoutError) -> Range<Int> {
    let (lower, upper) = (try number(&bytes), try number(&bytes))
    guard lower <= upper else { throw .invalidCount(upper) }
    return lower..<upper
  }
}

extension SpoolRecord.Places {
  /// The places of an event, counted from the start of its line.
  init(_ event: EncodedEvent) {
    let moved = event.moved(by: -event.line.lowerBound)
    (id, key, traceParent) = (moved.id, moved.key, moved.traceParent)
    (sequence, commitTime) = (moved.sequenceOffset ?? -1, moved.commitTimeOffset ?? -1)
  }

  /// The event whose line lies in a range of some buffer.
  func event(in line: Range<Int>) -> EncodedEvent {
    EncodedEvent(
      position: EventPosition(commitLSN: 0, ordinal: 0), line: 0..<line.count, id: id, key: key,
      traceParent: traceParent, sequenceOffset: sequence < 0 ? nil : sequence,
      commitTimeOffset: commitTime < 0 ? nil : commitTime
    ).moved(by: line.lowerBound)
  }
}
