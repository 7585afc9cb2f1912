// SPDX-License-Identifier: Apache-2.0

import Files
import IntegrationEvents
import PostgresWire

/// What must be known about an output file but is not in it: lines of a word, a blank and a value.
struct FileSinkState: Hashable {
  static let magic = "tailrace-file-sink 1"

  /// Whose events these are: system, timeline and slot.
  var origin: StreamOrigin
  /// The newest event in the files that were rotated away.
  var last: EventPosition?
  /// When the current file was started, in seconds since 1970.
  var started: Int64
  /// The newest position that was confirmed to the server; nil where version 0.1 wrote the file.
  var confirmed: Confirmation?
  /// How long the current file was then, in bytes; nil where an earlier version wrote the state.
  var size: Int64?
  /// The newest event that was delivered by then.
  var newest: EventPosition?
  /// Which tables are and were outboxes; nil where nobody knew.
  var tables: OutboxTables?
  /// How far the rows have come that were there before the slot; nil where none were asked for.
  var initialRows: InitialRows?

  init(origin: StreamOrigin, last: EventPosition?, started: Int64) {
    self.origin = origin
    self.last = last
    self.started = started
  }

  init?(text: String) {
    guard let end = text.firstIndex(of: "\n"), text[..<end] == Self.magic,
      let lines = KeyValueText(text[text.index(after: end)...]), let system = lines["system"],
      let timeline = lines["timeline"].flatMap({ UInt32($0) }), let slot = lines["slot"],
      let started = lines["started"].flatMap({ Int64($0) }), let tables = lines.tables
    else { return nil }
    origin = StreamOrigin(systemIdentifier: system, timeline: timeline, slot: slot)
    self.started = started
    self.tables = tables.outboxes.isEmpty ? nil : tables
    guard !lines.hasBadInitialRows else { return nil }
    initialRows = lines.initialRows
    if lines["confirmed"] != nil {
      guard let found = lines.confirmation("confirmed") else { return nil }
      confirmed = found
    }
    if let text = lines["size"] {
      guard let count = Int64(text), count >= 0 else { return nil }
      size = count
    }
    if let text = lines["newest"] {
      guard let position = EventPosition(sequence: text) else { return nil }
      newest = position
    }
    if let text = lines["last"] {
      guard let position = EventPosition(sequence: text) else { return nil }
      last = position
    }
  }

  var text: String {
    var lines = KeyValueText()
    lines.append("system", origin.systemIdentifier)
    lines.append("timeline", origin.timeline)
    lines.append("slot", origin.slot)
    lines.append("started", started)
    if let last { lines.append("last", last.sequence) }
    if let confirmed { lines.append("confirmed", confirmed) }
    if let size { lines.append("size", size) }
    if let newest { lines.append("newest", newest.sequence) }
    if let tables { lines.append(tables) }
    if let initialRows { lines.append(initialRows) }
    return "\(Self.magic)\n\(lines.text)"
  }
}

/// What of a stream's identity an output file belongs to. Kept beside it as `PATH.state`, because events do not tell.
struct StreamOrigin: Hashable, CustomStringConvertible {
  let systemIdentifier: String
  let timeline: UInt32
  let slot: String

  /// For messages.
  var description: String { "slot \(slot) of system \(systemIdentifier), timeline \(timeline)" }
}

extension StreamOrigin {
  init(_ identity: StreamIdentity) {
    self.init(systemIdentifier: identity.systemIdentifier, timeline: identity.timeline, slot: identity.slot)
  }
}
