// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// An event in a spool: where things lie in its line, counted from the line's start, then the line.
enum SpooledEvent {
  private static let places = 6

  static func append(_ event: EncodedEvent, _ line: [UInt8], _ attributes: [EncodedAttribute], to bytes: inout [UInt8])
  {
    bytes.append(event.dataKind.rawValue)
    bytes.append(event.hasCommitTime ? 1 : 0)
    bytes.appendBigEndian(event.outbox)
    bytes.appendBigEndian(event.timeOffset)
    bytes.appendBigEndian(event.sequenceOffset)
    // Written out, for this is done for each row of a large transaction, and key paths cost more than all else.
    append(event.idPlace, to: &bytes)
    append(event.typePlace, to: &bytes)
    append(event.aggregateTypePlace, to: &bytes)
    append(event.keyPlace, to: &bytes)
    append(event.dataVersionPlace, to: &bytes)
    append(event.traceParentPlace, to: &bytes)
    append(event.dataInLine, to: &bytes)
    bytes.appendBigEndian(UInt32(attributes.count))
    for attribute in attributes {
      append(attribute.name, to: &bytes)
      append(attribute.value, to: &bytes)
    }
    bytes.append(contentsOf: line)
  }

  /// How many bytes `append` adds before the line.
  static func headSize(attributes: Int) -> Int { 4 + 2 * 4 + places * 8 + 16 + 4 + attributes * 32 }

  /// Reads an event back; its line is of the bytes that `content` is a range of.
  static func read(
    _ bytes: [UInt8], _ content: Range<Int>
  ) throws(LayoutError) -> (event: EncodedEvent, attributes: [EncodedAttribute]) {
    var span = unsafe bytes.span.bytes.extracting(content)
    var event = EncodedEvent(position: EventPosition(commitLSN: 0, ordinal: 0), line: 0..<0)
    let tag = try span.readByte()
    guard let kind = EncodedEvent.DataKind(rawValue: tag) else {
      throw .unexpectedTag(tag, expected: "a kind of data")
    }
    event.dataKind = kind
    event.hasCommitTime = try span.readByte() != 0
    event.outbox = try span.readInteger(UInt16.self)
    event.timeOffset = try span.readInteger(UInt32.self)
    event.sequenceOffset = try span.readInteger(UInt32.self)
    event.idPlace = try place(&span)
    event.typePlace = try place(&span)
    event.aggregateTypePlace = try place(&span)
    event.keyPlace = try place(&span)
    event.dataVersionPlace = try place(&span)
    event.traceParentPlace = try place(&span)
    event.dataInLine = try range(&span)
    let count = try span.readCount32(minimumSize: 32)
    var attributes: [EncodedAttribute] = []
    for _ in 0..<count { attributes.append(EncodedAttribute(name: try range(&span), value: try range(&span))) }
    event.line = (content.upperBound - span.byteCount)..<content.upperBound
    return (event, attributes)
  }

  private static func append(_ place: EncodedEvent.Place, to bytes: inout [UInt8]) {
    bytes.appendBigEndian(place.start)
    bytes.appendBigEndian(place.length)
  }

  private static func place(_ bytes: inout RawSpan) throws(LayoutError) -> EncodedEvent.Place {
    var place = EncodedEvent.Place()
    place.start = try bytes.readInteger(UInt32.self)
    place.length = try bytes.readInteger(UInt32.self)
    return place
  }

  private static func append(_ range: Range<Int>, to bytes: inout [UInt8]) {
    bytes.appendBigEndian(Int64(range.lowerBound))
    bytes.appendBigEndian(Int64(range.upperBound))
  }

  private static func range(_ bytes: inout RawSpan) throws(LayoutError) -> Range<Int> {
    let (lower, upper) = (Int(try bytes.readInteger(Int64.self)), Int(try bytes.readInteger(Int64.self)))
    guard lower >= 0, lower <= upper else { throw .invalidCount(upper) }
    return lower..<upper
  }
}
