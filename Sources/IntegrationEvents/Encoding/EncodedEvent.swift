import Octets

/// Where one encoded event lies in a buffer, and what the places that deliver it need to know about it.
///
/// All ranges are of that buffer. The encoder notes them as it writes, so that nobody has to parse a line again. Those of
/// attributes lie inside the quotes and are JSON-escaped; an empty one says that the event has no such attribute.
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
  }

  /// Where the event stands in the log.
  public var position: EventPosition
  /// The whole line, with its newline.
  public var line: Range<Int>
  /// The CloudEvents `id`.
  public var id: Range<Int> = 0..<0
  /// The CloudEvents `type`.
  public var type: Range<Int> = 0..<0
  /// What kind of thing the event is about.
  public var aggregateType: Range<Int> = 0..<0
  /// The aggregate id: `subject` and `partitionkey`.
  public var key: Range<Int> = 0..<0
  /// The version of the data's schema.
  public var dataVersion: Range<Int> = 0..<0
  /// The W3C trace context.
  public var traceParent: Range<Int> = 0..<0
  /// What the event carries, without the name of the member that holds it.
  public var data: Range<Int> = 0..<0
  /// How `data` is written.
  public var dataKind = DataKind.none
  /// Which of the attributes that are noted beside the event are its own: those that have no range here.
  public var attributes: Range<Int> = 0..<0
  /// Whether `attributes` are all there are, in whatever order, because another program may have written the line.
  package var listsAllAttributes = false
  /// Where the time is written; -1 for nowhere.
  package var timeOffset = -1
  /// Whether that is the commit's time, which is not known before the commit.
  package var hasCommitTime = false
  /// Where the `sequence` is written; -1 for nowhere.
  package var sequenceOffset = -1

  package init(position: EventPosition, line: Range<Int>) {
    self.position = position
    self.line = line
  }
}

/// An attribute of an event, noted beside it.
public struct EncodedAttribute: Hashable, Sendable {
  /// Its name.
  public var name: Range<Int>
  /// Its value: text inside its quotes, JSON-escaped, or something else whole.
  public var value: Range<Int>

  package init(name: Range<Int>, value: Range<Int>) {
    self.name = name
    self.value = value
  }

  package func moved(by distance: Int) -> EncodedAttribute {
    EncodedAttribute(name: name.shifted(by: distance), value: value.shifted(by: distance))
  }
}

extension EncodedEvent {
  /// The same event in a buffer to which its bytes are moved.
  package func moved(by distance: Int) -> EncodedEvent {
    var moved = self
    moved.line = line.shifted(by: distance)
    moved.id = id.shifted(by: distance)
    moved.type = type.shifted(by: distance)
    moved.aggregateType = aggregateType.shifted(by: distance)
    moved.key = key.shifted(by: distance)
    moved.dataVersion = dataVersion.shifted(by: distance)
    moved.traceParent = traceParent.shifted(by: distance)
    moved.data = data.shifted(by: distance)
    if timeOffset >= 0 { moved.timeOffset += distance }
    if sequenceOffset >= 0 { moved.sequenceOffset += distance }
    return moved
  }

  /// Appends the event to another buffer as it is now that its commit tells position and time; gives where it is there.
  package func append(
    from bytes: RawSpan, committedAt position: EventPosition, _ time: EventTime, to buffer: inout [UInt8]
  ) -> EncodedEvent {
    var committed = moved(by: buffer.count - line.lowerBound)
    committed.position = position
    buffer.append(room: line.count + LineWriter.slack) { copy in
      var copied = line.lowerBound
      // The time stands before the sequence.
      if hasCommitTime {
        copy.append(bytes, copied..<timeOffset)
        time.append(to: &copy)
        copied = timeOffset + EventTime.textLength
      }
      if sequenceOffset >= 0 {
        copy.append(bytes, copied..<sequenceOffset)
        position.append(to: &copy)
        copied = sequenceOffset + EventPosition.sequenceLength
      }
      copy.append(bytes, copied..<line.upperBound)
    }
    return committed
  }

  /// Calls `body` with each attribute but the data: its name, and where its value lies.
  public func forEachAttribute(
    in bytes: [UInt8], _ noted: [EncodedAttribute], _ body: (_ name: String, _ value: Range<Int>) -> Void
  ) {
    if !listsAllAttributes {
      let version = line.lowerBound + Self.versionOffset
      body("specversion", version..<(version + 3))
      body("id", id)
      // Between the id and the type stands nothing but the source.
      body("source", (id.upperBound + Self.sourceDistance)..<(type.lowerBound - Self.typeDistance))
      body("type", type)
      if !key.isEmpty { body("subject", key) }
      body("time", timeOffset..<(timeOffset + EventTime.textLength))
      body("sequence", sequenceOffset..<(sequenceOffset + EventPosition.sequenceLength))
      if !key.isEmpty { body("partitionkey", key) }
      if !aggregateType.isEmpty { body("aggregatetype", aggregateType) }
      if !dataVersion.isEmpty { body("dataversion", dataVersion) }
      if !traceParent.isEmpty { body("traceparent", traceParent) }
    }
    for attribute in noted[attributes] {
      body(String(decoding: bytes[attribute.name], as: UTF8.self), attribute.value)
    }
  }

  private static let versionOffset = #"{"specversion":""#.utf8.count
  private static let sourceDistance = #"","source":""#.utf8.count
  private static let typeDistance = #"","type":""#.utf8.count
}

extension Range<Int> {
  @inline(__always)
  package func shifted(by distance: Int) -> Range<Int> { (lowerBound + distance)..<(upperBound + distance) }
}
