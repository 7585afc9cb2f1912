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
    do {
      switch envelope {
      case .cloudevents: return try encodeCloudEvent(event, from: bytes, into: &buffer)
      case .payload: return try encodePayload(event, from: bytes, into: &buffer)
      }
    } catch {
      buffer.removeSubrange(start...)
      throw error
    }
  }

  private func encodePayload(
    _ event: borrowing IntegrationEvent, from bytes: RawSpan, into buffer: inout [UInt8]
  ) throws(EnvelopeError) -> EncodedEvent {
    let start = buffer.count
    if case .none = event.payload { buffer.append(contentsOf: "null".utf8) }
    try appendData(event.payload, from: bytes, into: &buffer)
    buffer.append(UInt8(ascii: "\n"))
    return EncodedEvent(position: event.position, line: start..<buffer.count, id: 0..<0, key: 0..<0)
  }

  private func encodeCloudEvent(
    _ event: borrowing IntegrationEvent, from bytes: RawSpan, into buffer: inout [UInt8]
  ) throws(EnvelopeError) -> EncodedEvent {
    let start = buffer.count
    buffer.append(contentsOf: Key.head)
    let id = try appendRequired(event.id, .id, from: bytes, into: &buffer)
    buffer.append(contentsOf: Key.source)
    buffer.append(contentsOf: event.source.encoded)
    buffer.append(contentsOf: Key.type)
    _ = try appendRequired(event.type, .type, from: bytes, into: &buffer)
    var key = 0..<0
    if !event.aggregateID.isEmpty {
      buffer.append(contentsOf: Key.subject)
      key = try appendRequired(event.aggregateID, .aggregateID, from: bytes, into: &buffer)
    }
    buffer.append(contentsOf: Key.time)
    let timeOffset = event.hasOwnTime ? nil : buffer.count
    event.time.append(to: &buffer)
    buffer.append(contentsOf: Key.sequence)
    let sequenceOffset = buffer.count
    EventPosition.append(event.position, to: &buffer)
    buffer.append(UInt8(ascii: "\""))
    if !key.isEmpty {
      // From the source again: a slice of the buffer would be a second reference to it, and copy it whole.
      buffer.append(contentsOf: Key.partitionKey)
      try buffer.appendAttribute(bytes, event.aggregateID, .aggregateID)
    }
    try appendOptional(Key.aggregateType, event.aggregateType, .aggregateType, from: bytes, into: &buffer)
    try appendOptional(Key.dataVersion, event.dataVersion, .dataVersion, from: bytes, into: &buffer)
    let traceStart = buffer.count + Key.traceParent.count + 1
    try appendOptional(Key.traceParent, event.traceParent, .traceParent, from: bytes, into: &buffer)
    let trace = event.traceParent.isEmpty ? 0..<0 : traceStart..<(buffer.count - 1)
    try appendOptional(Key.traceState, event.traceState, .traceState, from: bytes, into: &buffer)
    for attribute in event.attributes {
      try appendOptional(
        attribute.name.encoded, attribute.value, .attribute(attribute.name.text), from: bytes, into: &buffer)
    }
    for header in event.headers {
      // A column of its own goes before a header of the same name.
      if header.name.text == "traceparent", !event.traceParent.isEmpty { continue }
      if header.name.text == "tracestate", !event.traceState.isEmpty { continue }
      try appendHeader(header, into: &buffer)
    }
    if !event.dataSchema.isEmpty {
      try appendOptional(Key.dataSchema, event.dataSchema, .dataSchema, from: bytes, into: &buffer)
      guard EventSource.isURIReference(bytes.text(event.dataSchema).utf8) else {
        throw EnvelopeError(.dataSchema, .invalidURI)
      }
    }
    switch event.payload {
    case .none: break
    case .json, .uncheckedJSON: buffer.append(contentsOf: Key.jsonData)
    case .text: buffer.append(contentsOf: Key.textData)
    case .hexadecimal: buffer.append(contentsOf: Key.binaryData)
    }
    try appendData(event.payload, from: bytes, into: &buffer)
    buffer.append(UInt8(ascii: "}"))
    buffer.append(UInt8(ascii: "\n"))
    return EncodedEvent(
      position: event.position, line: start..<buffer.count, id: id, key: key, traceParent: trace,
      sequenceOffset: sequenceOffset,
      commitTimeOffset: timeOffset)
  }

  @inline(__always)
  private func appendRequired(
    _ range: Range<Int>, _ field: EventField, from bytes: RawSpan, into buffer: inout [UInt8]
  ) throws(EnvelopeError) -> Range<Int> {
    guard !range.isEmpty else { throw EnvelopeError(field, .empty) }
    let start = buffer.count + 1
    try buffer.appendAttribute(bytes, range, field)
    return start..<(buffer.count - 1)
  }

  @inline(__always)
  private func appendOptional(
    _ key: [UInt8], _ range: Range<Int>, _ field: @autoclosure () -> EventField, from bytes: RawSpan,
    into buffer: inout [UInt8]
  ) throws(EnvelopeError) {
    guard !range.isEmpty else { return }
    buffer.append(contentsOf: key)
    try buffer.appendAttribute(bytes, range, field())
  }

  private func appendHeader(
    _ header: IntegrationEvent.HeaderAttribute, into buffer: inout [UInt8]
  ) throws(EnvelopeError) {
    buffer.append(contentsOf: header.name.encoded)
    switch header.value {
    case .boolean(let value): buffer.append(contentsOf: (value ? "true" : "false").utf8)
    case .string(let text):
      let bytes = Array(text.utf8)
      unsafe try buffer.appendAttribute(bytes.span.bytes, 0..<bytes.count, .headers)
    }
  }

  private func appendData(
    _ payload: IntegrationEvent.Payload, from bytes: RawSpan, into buffer: inout [UInt8]
  ) throws(EnvelopeError) {
    do throws(EnvelopeError.Problem) {
      switch payload {
      case .none: break
      case .json(let range):
        guard !range.isEmpty else { throw .invalidJSON(offset: 0) }
        try buffer.appendJSONLine(bytes, range)
      case .uncheckedJSON(let range):
        do { try JSONScanner.validate(bytes, range) } catch { throw .invalidJSON(offset: error.offset) }
        try buffer.appendJSONLine(bytes, range)
      case .text(let range):
        buffer.append(UInt8(ascii: "\""))
        try buffer.appendEscaped(bytes, range, refusingForbidden: false)
        buffer.append(UInt8(ascii: "\""))
      case .hexadecimal(let range):
        buffer.append(UInt8(ascii: "\""))
        try buffer.appendBase64(hexadecimal: bytes, range)
        buffer.append(UInt8(ascii: "\""))
      }
    } catch {
      throw EnvelopeError(.payload, error)
    }
  }

  /// The constant pieces of a CloudEvent. Values that follow bring their own quotes unless the piece ends in one.
  private enum Key {
    static let head = Array(#"{"specversion":"1.0","id":"#.utf8)
    static let source = Array(#","source":"#.utf8)
    static let type = Array(#","type":"#.utf8)
    static let subject = Array(#","subject":"#.utf8)
    static let time = Array(#","time":""#.utf8)
    static let sequence = Array(#"","sequence":""#.utf8)
    static let partitionKey = Array(#","partitionkey":"#.utf8)
    static let aggregateType = Array(#","aggregatetype":"#.utf8)
    static let dataVersion = Array(#","dataversion":"#.utf8)
    static let traceParent = Array(#","traceparent":"#.utf8)
    static let traceState = Array(#","tracestate":"#.utf8)
    static let dataSchema = Array(#","dataschema":"#.utf8)
    static let jsonData = Array(#","datacontenttype":"application/json","data":"#.utf8)
    static let textData = Array(#","datacontenttype":"text/plain","data":"#.utf8)
    static let binaryData = Array(#","datacontenttype":"application/octet-stream","data_base64":"#.utf8)
  }
}
