import Octets

/// Writes events as lines of JSON.
public struct EnvelopeEncoder: Sendable {
  /// What a line holds.
  public enum Envelope: String, CaseIterable, Sendable {
    /// A CloudEvent in the JSON format.
    case cloudevents
    /// The payload alone: JSON as it is, text as a JSON string, bytes as base64 in a JSON string, or null.
    case payload
  }

  /// What a line holds.
  public let envelope: Envelope

  /// Makes an encoder.
  public init(envelope: Envelope) {
    self.envelope = envelope
  }

  /// Appends one event as a line; after an error the buffer is as it was before.
  package func encode(
    _ event: borrowing IntegrationEvent, from bytes: RawSpan, into buffer: inout [UInt8]
  ) throws(EnvelopeError) -> EncodedEvent {
    let start = buffer.count
    var encoded = EncodedEvent(position: event.position, line: start..<start, id: 0..<0, key: 0..<0)
    do throws(EnvelopeError) {
      try buffer.append(room: longestLine(event, from: bytes)) { line throws(EnvelopeError) in
        switch envelope {
        case .cloudevents: try appendCloudEvent(event, from: bytes, to: &line, &encoded)
        case .payload: try appendPayload(event, from: bytes, to: &line)
        }
      }
    } catch {
      buffer.removeSubrange(start...)
      throw error
    }
    encoded.line = start..<buffer.count
    return encoded
  }

  /// Room for the event's line, whatever has to be escaped in it.
  private func longestLine(_ event: borrowing IntegrationEvent, from bytes: RawSpan) -> Int {
    var values = event.id.count + event.type.count + event.aggregateType.count + 2 * event.aggregateID.count
    values += event.dataVersion.count + event.dataSchema.count + event.traceParent.count + event.traceState.count
    // The envelope's own text, with the names of all its attributes, takes less than this.
    var room = 512 + LineWriter.slack + event.source.encoded.count
    for attribute in event.attributes {
      room += attribute.name.encoded.count + 2
      values += attribute.value.count
    }
    for header in event.headers {
      room += header.name.encoded.count + 7
      if case .string(let text) = header.value { values += text.utf8.count }
    }
    room += values * LineWriter.longestEscape
    switch event.payload {
    case .none: return room
    case .json(let range), .uncheckedJSON(let range), .hexadecimal(let range): return room + range.count
    case .text(let range):
      // Most often nothing has to be escaped, and it may be long.
      let isPlain = TextScanning.plainEnd(bytes, range) == range.upperBound
      return room + range.count * (isPlain ? 1 : LineWriter.longestEscape)
    }
  }

  private func appendPayload(
    _ event: borrowing IntegrationEvent, from bytes: RawSpan, to line: inout LineWriter
  ) throws(EnvelopeError) {
    if case .none = event.payload { line.append("null") }
    try appendData(event.payload, from: bytes, to: &line)
    line.append(UInt8(ascii: "\n"))
  }

  @inline(__always)
  private func appendCloudEvent(
    _ event: borrowing IntegrationEvent, from bytes: RawSpan, to line: inout LineWriter,
    _ encoded: inout EncodedEvent
  ) throws(EnvelopeError) {
    let start = encoded.line.lowerBound
    line.append(#"{"specversion":"1.0","id":""#)
    encoded.id = try appendRequired(event.id, .id, from: bytes, to: &line).shifted(by: start)
    line.append(event.source.encoded)
    _ = try appendRequired(event.type, .type, from: bytes, to: &line)
    var key = 0..<0
    if !event.aggregateID.isEmpty {
      line.append(#","subject":""#)
      key = try appendRequired(event.aggregateID, .aggregateID, from: bytes, to: &line)
      encoded.key = key.shifted(by: start)
    }
    line.append(#","time":""#)
    if !event.hasOwnTime { encoded.commitTimeOffset = start + line.count }
    event.time.append(to: &line)
    line.append(#"","sequence":""#)
    encoded.sequenceOffset = start + line.count
    event.position.append(to: &line)
    line.append("\"")
    if !key.isEmpty {
      line.append(#","partitionkey":""#)
      line.append(copyOf: key)
      line.append("\"")
    }
    try appendOptional(#","aggregatetype":""#, event.aggregateType, .aggregateType, from: bytes, to: &line)
    try appendOptional(#","dataversion":""#, event.dataVersion, .dataVersion, from: bytes, to: &line)
    if !event.traceParent.isEmpty {
      line.append(#","traceparent":""#)
      encoded.traceParent = try appendRequired(event.traceParent, .traceParent, from: bytes, to: &line)
        .shifted(by: start)
    }
    try appendOptional(#","tracestate":""#, event.traceState, .traceState, from: bytes, to: &line)
    for attribute in event.attributes where !attribute.value.isEmpty {
      line.append(attribute.name.encoded)
      try line.appendAttribute(bytes, attribute.value, .attribute(attribute.name.text))
    }
    for header in event.headers {
      // A column of its own goes before a header of the same name.
      if header.name.text == "traceparent", !event.traceParent.isEmpty { continue }
      if header.name.text == "tracestate", !event.traceState.isEmpty { continue }
      line = try appending(header, to: line)
    }
    if !event.dataSchema.isEmpty {
      try appendOptional(#","dataschema":""#, event.dataSchema, .dataSchema, from: bytes, to: &line)
      guard EventSource.isURIReference(bytes.text(event.dataSchema).utf8) else {
        throw EnvelopeError(.dataSchema, .invalidURI)
      }
    }
    switch event.payload {
    case .none: break
    case .json, .uncheckedJSON: line.append(#","datacontenttype":"application/json","data":"#)
    case .text: line.append(#","datacontenttype":"text/plain","data":"#)
    case .hexadecimal: line.append(#","datacontenttype":"application/octet-stream","data_base64":"#)
    }
    try appendData(event.payload, from: bytes, to: &line)
    line.append("}\n")
  }

  /// Gives where the value is in the line, inside its quotes.
  @inline(__always)
  private func appendRequired(
    _ range: Range<Int>, _ field: EventField, from bytes: RawSpan, to line: inout LineWriter
  ) throws(EnvelopeError) -> Range<Int> {
    guard !range.isEmpty else { throw EnvelopeError(field, .empty) }
    let start = line.count
    try line.appendAttribute(bytes, range, field)
    return start..<(line.count - 1)
  }

  @inline(__always)
  private func appendOptional(
    _ key: StaticString, _ range: Range<Int>, _ field: EventField, from bytes: RawSpan,
    to line: inout LineWriter
  ) throws(EnvelopeError) {
    guard !range.isEmpty else { return }
    line.append(key)
    try line.appendAttribute(bytes, range, field)
  }

  @inline(never)
  private func appending(
    _ header: IntegrationEvent.HeaderAttribute, to written: LineWriter
  ) throws(EnvelopeError) -> LineWriter {
    var line = written
    switch header.value {
    case .boolean(let value):
      // Without the quote at the end of the name.
      line.append(Array(header.name.encoded.dropLast()))
      line.append(value ? "true" : "false")
    case .string(let text):
      line.append(header.name.encoded)
      let bytes = Array(text.utf8)
      unsafe try line.appendAttribute(bytes.span.bytes, 0..<bytes.count, .headers)
    }
    return line
  }

  @inline(__always)
  private func appendData(
    _ payload: IntegrationEvent.Payload, from bytes: RawSpan, to line: inout LineWriter
  ) throws(EnvelopeError) {
    do throws(EnvelopeError.Problem) {
      switch payload {
      case .none: break
      case .json(let range):
        guard !range.isEmpty else { throw .invalidJSON(offset: 0) }
        line = try line.appendingJSONLine(bytes, range)
      case .uncheckedJSON(let range):
        do { try JSONScanner.validate(bytes, range) } catch { throw .invalidJSON(offset: error.offset) }
        line = try line.appendingJSONLine(bytes, range)
      case .text(let range):
        line.append("\"")
        line = try line.appendingEscaped(bytes, range, refusingForbidden: false)
        line.append("\"")
      case .hexadecimal(let range):
        line.append("\"")
        line = try line.appendingBase64(hexadecimal: bytes, range)
        line.append("\"")
      }
    } catch {
      throw EnvelopeError(.payload, error)
    }
  }
}
