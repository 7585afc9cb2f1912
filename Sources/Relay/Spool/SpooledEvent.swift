import IntegrationEvents
import Octets

/// An event in a spool: where things lie in its line, counted from the line's start, then the line.
enum SpooledEvent {
  /// The ranges of an event that are kept, in their order.
  private static var ranges: [WritableKeyPath<EncodedEvent, Range<Int>>] {
    [\.id, \.type, \.aggregateType, \.key, \.dataVersion, \.traceParent, \.data]
  }

  static func append(_ event: EncodedEvent, _ line: [UInt8], _ attributes: [EncodedAttribute], to bytes: inout [UInt8])
  {
    bytes.append(event.dataKind.rawValue)
    bytes.append(event.hasCommitTime ? 1 : 0)
    for number in [event.timeOffset, event.sequenceOffset] { bytes.appendBigEndian(Int64(number)) }
    for path in ranges { append(event[keyPath: path], to: &bytes) }
    bytes.appendBigEndian(UInt32(attributes.count))
    for attribute in attributes {
      append(attribute.name, to: &bytes)
      append(attribute.value, to: &bytes)
    }
    bytes.append(contentsOf: line)
  }

  /// How many bytes `append` adds before the line.
  static func headSize(attributes: Int) -> Int { 2 + 2 * 8 + ranges.count * 16 + 4 + attributes * 32 }

  /// Reads an event back; its ranges are of the bytes that `content` is a range of.
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
    event.timeOffset = Int(try span.readInteger(Int64.self))
    event.sequenceOffset = Int(try span.readInteger(Int64.self))
    for path in ranges { event[keyPath: path] = try range(&span) }
    let count = try span.readCount32(minimumSize: 32)
    var attributes: [EncodedAttribute] = []
    for _ in 0..<count { attributes.append(EncodedAttribute(name: try range(&span), value: try range(&span))) }
    let start = content.upperBound - span.byteCount
    event.line = 0..<span.byteCount
    return (event.moved(by: start), attributes.map { $0.moved(by: start) })
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
