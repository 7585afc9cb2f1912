// SPDX-License-Identifier: Apache-2.0

import Files
import Octets
public import PostgresWire

/// The layout of a capture file: a header, then records. All integers are big-endian.
///
/// Header: the 8 bytes `walcap\r\n`, a 16-bit version (1), a 32-bit length and so many bytes of `key value` lines in
/// UTF-8, and a 64-bit checksum of those bytes. Record: a 32-bit length of the frame, a 64-bit arrival time (microseconds
/// since 2000-01-01 UTC), a 64-bit checksum of those twelve bytes and the frame, then the frame.
enum CaptureFormat {
  static let magic = Array("walcap\r\n".utf8)
  static let version: UInt16 = 1
  static let recordHeaderSize = 20
  /// PostgreSQL cannot send a larger message.
  static let maximumFrameSize = 1 << 30
  static let maximumHeaderSize = 1 << 16

  static func header(_ capture: CaptureHeader) -> [UInt8] {
    let text = Array(capture.text.utf8)
    var bytes = magic
    bytes.appendBigEndian(version)
    bytes.appendBigEndian(UInt32(text.count))
    bytes.append(contentsOf: text)
    bytes.appendBigEndian(unsafe XXH64.hash(text.span.bytes))
    return bytes
  }

  static func record(_ frame: RawSpan, arrivedAt time: PostgresTimestamp, into bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.appendBigEndian(UInt32(frame.byteCount))
    bytes.appendBigEndian(time.rawValue)
    let seed = unsafe XXH64.hash(bytes.span.bytes.extracting(droppingFirst: start))
    bytes.appendBigEndian(XXH64.hash(frame, seed: seed))
    bytes.append(frame, 0..<frame.byteCount)
  }
}

/// What a capture file says about the stream in it.
public struct CaptureHeader: Hashable, Sendable {
  /// Which stream it is.
  public var identity: StreamIdentity
  /// The server's version, such as 150018; 0 if unknown.
  public var serverVersion: Int
  /// The `pgoutput` options it was asked for, as they were sent.
  public var options: String

  /// Which tables were outboxes when the recording began; none where nobody knew.
  public var tables: OutboxTables

  /// On which timelines the log was written; the first alone where version 0.1 wrote the file.
  public var timelineHistory: TimelineHistory

  /// The database's encoding; nil where an earlier version wrote the file.
  public var encoding: String?

  /// Makes a header.
  public init(
    identity: StreamIdentity, serverVersion: Int, options: String, timelineHistory: TimelineHistory = TimelineHistory(),
    tables: OutboxTables = OutboxTables(), encoding: String? = nil
  ) {
    self.encoding = encoding
    self.tables = tables
    self.timelineHistory = timelineHistory
    self.identity = identity
    self.serverVersion = serverVersion
    self.options = options
  }

  var text: String {
    var lines = KeyValueText()
    lines.append("system", identity.systemIdentifier)
    lines.append("timeline", identity.timeline)
    lines.append("database", identity.database)
    lines.append("slot", identity.slot)
    lines.append("publication", identity.publication)
    lines.append("server", serverVersion)
    lines.append("options", options)
    if let encoding { lines.append("encoding", encoding) }
    if timelineHistory != TimelineHistory() { lines.append("history", timelineHistory) }
    lines.append(tables)
    return lines.text
  }

  init?(text: String) {
    guard let lines = KeyValueText(text), let system = lines["system"],
      let timeline = lines["timeline"].flatMap({ UInt32($0) }), let database = lines["database"],
      let slot = lines["slot"], let publication = lines["publication"],
      let history = lines["history"].map({ TimelineHistory($0) }) ?? TimelineHistory(), let tables = lines.tables
    else { return nil }
    self.init(
      identity: StreamIdentity(
        systemIdentifier: system, timeline: timeline, database: database, slot: slot, publication: publication),
      serverVersion: lines["server"].flatMap { Int($0) } ?? 0, options: lines["options"] ?? "",
      timelineHistory: history, tables: tables, encoding: lines["encoding"])
  }
}
