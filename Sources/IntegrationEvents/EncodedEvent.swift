import Octets

/// Where one encoded event lies in a buffer, and what the places that deliver it need to know about it.
public struct EncodedEvent: Hashable, Sendable {
  /// Where the event stands in the log.
  public var position: EventPosition
  /// The whole line, with its newline.
  public var line: Range<Int>
  /// The CloudEvents `id`, JSON-escaped; empty when the encoding has none.
  public var id: Range<Int>
  /// The aggregate id, JSON-escaped; empty for an event without a key.
  public var key: Range<Int>
  /// The W3C trace context, JSON-escaped; empty for none.
  package var traceParent: Range<Int> = 0..<0
  /// Where the `sequence` is written, if it is.
  package var sequenceOffset: Int?
  /// Where the commit's time is written, if it is.
  package var commitTimeOffset: Int?

  package init(
    position: EventPosition, line: Range<Int>, id: Range<Int>, key: Range<Int>, traceParent: Range<Int> = 0..<0,
    sequenceOffset: Int? = nil, commitTimeOffset: Int? = nil
  ) {
    self.position = position
    self.line = line
    self.id = id
    self.key = key
    self.traceParent = traceParent
    self.sequenceOffset = sequenceOffset
    self.commitTimeOffset = commitTimeOffset
  }
}

extension EncodedEvent {
  /// The same event in a buffer to which its bytes are moved.
  package func moved(by distance: Int) -> EncodedEvent {
    EncodedEvent(
      position: position, line: line.shifted(by: distance), id: id.shifted(by: distance),
      key: key.shifted(by: distance),
      traceParent: traceParent.shifted(by: distance), sequenceOffset: sequenceOffset.map { $0 + distance },
      commitTimeOffset: commitTimeOffset.map { $0 + distance })
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
      if let commitTimeOffset {
        copy.append(bytes, copied..<commitTimeOffset)
        time.append(to: &copy)
        copied = commitTimeOffset + EventTime.textLength
      }
      if let sequenceOffset {
        copy.append(bytes, copied..<sequenceOffset)
        position.append(to: &copy)
        copied = sequenceOffset + EventPosition.sequenceLength
      }
      copy.append(bytes, copied..<line.upperBound)
    }
    return committed
  }
}

extension Range<Int> {
  @inline(__always)
  func shifted(by distance: Int) -> Range<Int> { (lowerBound + distance)..<(upperBound + distance) }
}
