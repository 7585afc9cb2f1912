// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets
import PgOutput
import PostgresWire

/// What is kept of a row that could not become an event: its columns, long ones cut, and why.
struct BadRow {
  /// A JSON object of text, bytes in hexadecimal.
  private var json: ForeignText
  private let reason: ForeignText
  /// Whom it is about, as far as that can be read.
  private var (aggregateType, key) = (ForeignText(""), ForeignText(""))
  /// How many bytes the values had, if some of them were cut.
  private var wholeSize: Int?

  /// Keeps only the reason.
  init(_ reason: String) {
    json = ForeignText("{}")
    self.reason = ForeignText(reason).prefix(4096)
  }

  /// Keeps a row's columns.
  init(
    _ tuple: Tuple, _ relation: Relation, of aggregate: (type: String, id: String), _ message: RawSpan,
    _ reason: String
  ) {
    self.init(reason)
    (aggregateType, key) = (ForeignText(aggregate.type), ForeignText(aggregate.id))
    var members = BoundedMembers()
    tuple.forEachColumn(in: message) { index, value in members.append(relation.columns[index].name, value, message) }
    (json, wholeSize) = (members.json, members.wholeSize)
  }

  /// Keeps a message's prefix and content.
  init(_ logical: LogicalMessage, _ message: RawSpan, _ reason: String) {
    self.init(reason)
    var members = BoundedMembers()
    members.append("prefix", logical.prefix)
    members.append("content", .text(logical.content), message)
    (json, wholeSize) = (members.json, members.wholeSize)
  }

  func letter(at position: EventPosition) -> DeadLetter {
    let now = PostgresTimestamp.now.unixSeconds
    return DeadLetter(
      event: json.raw, isEvent: false, wholeSize: wholeSize, id: "",
      aggregateType: aggregateType.raw, key: key.raw, position: position, reason: reason.raw,
      status: nil, attempts: 0, firstAttempt: now, lastAttempt: now, sink: "")
  }
}

extension BadRow {
  /// How many bytes `append` adds.
  var spooledSize: Int { texts.reduce(8) { $0 + $1.encodedSize } }

  private var texts: [ForeignText] { [reason, json, aggregateType, key] }

  /// Appends it to a spool.
  func append(to bytes: inout [UInt8]) {
    for text in texts { text.append(to: &bytes) }
    bytes.appendBigEndian(Int64(wholeSize ?? -1))
  }

  /// Reads it back.
  init(spooled content: RawSpan) throws(LayoutError) {
    var bytes = content
    reason = try ForeignText(from: &bytes)
    json = try ForeignText(from: &bytes)
    aggregateType = try ForeignText(from: &bytes)
    key = try ForeignText(from: &bytes)
    let size = try bytes.readInteger(Int64.self)
    wholeSize = size < 0 ? nil : Int(size)
    try bytes.expectEnd()
  }
}

/// The members of a JSON object, whose values are cut when they are long.
private struct BoundedMembers {
  /// The most bytes of one value, and of all.
  private static let limits = (value: 16_384, all: 65_536)

  private var members: [String] = []
  private var room = limits.all
  private var size = 0
  private var isCut = false

  var json: ForeignText { ForeignText("{\(members.joined(separator: ","))}") }

  /// How many bytes the values had; nil when none was cut.
  var wholeSize: Int? { isCut ? size : nil }

  mutating func append(_ name: String, _ value: Tuple.Value, _ message: RawSpan) {
    switch value {
    case .null, .unchanged: members.append("\(JSONText.string(name)):null")
    case .text(let range):
      let kept = take(range.count)
      var end = range.lowerBound + kept
      // Not in the middle of a character.
      while end > range.lowerBound, end < range.upperBound, message.byte(at: end) & 0xC0 == 0x80 { end -= 1 }
      write(name, message.text(range.lowerBound..<end))
    case .binary(let range):
      let kept = take(range.count)
      write(name, message.hexadecimalText(range.lowerBound..<(range.lowerBound + kept)))
    }
  }

  mutating func append(_ name: String, _ value: String) {
    write(name, ForeignText(value).prefix(take(value.utf8.count)).raw)
  }

  private mutating func write(_ name: String, _ value: String) {
    members.append("\(JSONText.string(name)):\(JSONText.string(value))")
  }

  /// How many of so many bytes are kept.
  private mutating func take(_ count: Int) -> Int {
    let kept = min(count, room, Self.limits.value)
    size += count
    room -= kept
    isCut = isCut || kept < count
    return kept
  }
}
