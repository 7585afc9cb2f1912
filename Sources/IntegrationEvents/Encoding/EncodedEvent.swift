// SPDX-License-Identifier: Apache-2.0

/// Where one encoded event lies in a buffer, and what the places that deliver it need to know about it.
///
/// The encoder notes as it writes where things lie, so that nobody has to parse a line again. All ranges are of the buffer;
/// those of attributes lie inside the quotes and are JSON-escaped; an empty one says that the event has no such attribute.
public struct EncodedEvent: Hashable, Sendable {
  /// What an event carries.
  public enum DataKind: UInt8, Hashable, Sendable {
    /// Nothing.
    case none
    /// A JSON value, whole.
    case json
    /// Text, JSON-escaped, inside its quotes.
    case text
    /// Bytes in base64, inside the quotes.
    case base64

    /// The `datacontenttype` that the encoder writes for it, and that holds where an event names none.
    public var contentType: String? {
      switch self {
      case .none: nil
      case .json: "application/json"
      case .text: "text/plain; charset=UTF-8"
      case .base64: "application/octet-stream"
      }
    }
  }

  /// A piece of a line, counted from its start. Small, because there is one of these for each attribute of each event.
  package struct Place: Hashable, Sendable {
    package var start: UInt32 = 0
    package var length: UInt32 = 0

    package init() {}

    /// The range must lie within the first 4 GiB.
    @inline(__always)
    package init(_ range: Range<Int>) {
      start = UInt32(truncatingIfNeeded: range.lowerBound)
      length = UInt32(truncatingIfNeeded: range.upperBound &- range.lowerBound)
    }
  }

  /// Where the event stands in the log.
  public var position: EventPosition
  /// The whole line, with its newline.
  public var line: Range<Int>
  package var idPlace = Place()
  package var typePlace = Place()
  package var aggregateTypePlace = Place()
  package var keyPlace = Place()
  package var dataVersionPlace = Place()
  package var traceParentPlace = Place()
  /// Which of the attributes that are noted beside the event are its own: those that have no place here.
  package var attributesPlace = Place()
  /// What the event carries, counted from the line's start.
  package var dataInLine = 0..<0
  /// Where the time is written; 0 for nowhere.
  package var timeOffset: UInt32 = 0
  /// Where the `sequence` is written; 0 for nowhere.
  package var sequenceOffset: UInt32 = 0
  /// How `data` is written.
  public package(set) var dataKind = DataKind.none
  /// Whether the time is the commit's, which is not known before the commit.
  package var hasCommitTime = false
  /// Whether the noted attributes are all there are, in whatever order, because another program may have written the line.
  package var listsAllAttributes = false

  /// Which of the outboxes its row is in, counted from 1; 0 for none.
  package var outbox: UInt16 = 0

  package init(position: EventPosition, line: Range<Int>) {
    self.position = position
    self.line = line
  }

  /// The CloudEvents `id`.
  public var id: Range<Int> { range(idPlace) }
  /// The CloudEvents `type`.
  public var type: Range<Int> { range(typePlace) }
  /// What kind of thing the event is about.
  public var aggregateType: Range<Int> { range(aggregateTypePlace) }
  /// The aggregate id: `subject` and `partitionkey`.
  public var key: Range<Int> { range(keyPlace) }
  /// The version of the data's schema.
  public var dataVersion: Range<Int> { range(dataVersionPlace) }
  /// The W3C trace context.
  public var traceParent: Range<Int> { range(traceParentPlace) }
  /// What the event carries, without the name of the member that holds it.
  public var data: Range<Int> { dataInLine.shifted(by: line.lowerBound) }
  /// Which of the attributes that are noted beside the event are its own.
  public package(set) var attributes: Range<Int> {
    get { Int(attributesPlace.start)..<(Int(attributesPlace.start) + Int(attributesPlace.length)) }
    set { attributesPlace = Place(newValue) }
  }

  private func range(_ place: Place) -> Range<Int> {
    let start = line.lowerBound + Int(place.start)
    return start..<(start + Int(place.length))
  }
}

/// An attribute of an event, noted beside it; its places are counted from the start of the event's line.
public struct EncodedAttribute: Hashable, Sendable {
  /// Its name.
  public var name: Range<Int>
  /// Its value: text inside its quotes, JSON-escaped, or something else whole.
  public var value: Range<Int>

  package init(name: Range<Int>, value: Range<Int>) {
    self.name = name
    self.value = value
  }
}

extension EncodedEvent {
  /// The same event in a buffer to which its bytes are moved.
  package func moved(by distance: Int) -> EncodedEvent {
    var moved = self
    moved.line = line.shifted(by: distance)
    return moved
  }

  @inline(__always)
  mutating func note(_ kind: DataKind, _ range: Range<Int>) {
    dataKind = kind
    dataInLine = range
  }

  /// Calls `body` with each attribute but the data: its name, and where its value lies.
  public func forEachAttribute(
    in bytes: [UInt8], _ noted: [EncodedAttribute], _ body: (_ name: String, _ value: Range<Int>) -> Void
  ) {
    if !listsAllAttributes { forEachOwnAttribute(body) }
    for attribute in noted[attributes] {
      let name = bytes[attribute.name.shifted(by: line.lowerBound)]
      body(String(decoding: name, as: UTF8.self), attribute.value.shifted(by: line.lowerBound))
    }
  }

  /// Those that the envelope always has in its own order, as far as the event has them.
  private func forEachOwnAttribute(_ body: (_ name: String, _ value: Range<Int>) -> Void) {
    let version = line.lowerBound + Self.versionOffset
    let (time, sequence) = (line.lowerBound + Int(timeOffset), line.lowerBound + Int(sequenceOffset))
    body("specversion", version..<(version + 3))
    body("id", id)
    // Between the id and the type stands nothing but the source.
    body("source", (id.upperBound + Self.sourceDistance)..<(type.lowerBound - Self.typeDistance))
    body("type", type)
    if !key.isEmpty { body("subject", key) }
    body("time", time..<(time + EventTime.textLength))
    if sequenceOffset > 0 { body("sequence", sequence..<(sequence + EventPosition.sequenceLength)) }
    if !key.isEmpty { body("partitionkey", key) }
    if !aggregateType.isEmpty { body("aggregatetype", aggregateType) }
    if !dataVersion.isEmpty { body("dataversion", dataVersion) }
    if !traceParent.isEmpty { body("traceparent", traceParent) }
  }

  private static let versionOffset = #"{"specversion":""#.utf8.count
  private static let sourceDistance = #"","source":""#.utf8.count
  private static let typeDistance = #"","type":""#.utf8.count
}

extension Range<Int> {
  @inline(__always)
  package func shifted(by distance: Int) -> Range<Int> { (lowerBound + distance)..<(upperBound + distance) }
}
