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
  /// What may check a payload or put another in its place.
  public let payloadHook: (any PayloadHook)?

  /// Makes an encoder.
  public init(envelope: Envelope, payloadHook: (any PayloadHook)? = nil) {
    self.envelope = envelope
    self.payloadHook = payloadHook
  }

  /// Appends one event as a line, and what its attributes need beside it; after an error both are as they were before.
  package func encode(
    _ event: borrowing IntegrationEvent, from bytes: RawSpan, into buffer: inout [UInt8],
    _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) -> EncodedEvent {
    let start = buffer.count
    let firstAttribute = attributes.count
    var encoded = EncodedEvent(position: event.position, line: start..<start)
    do throws(EnvelopeError) {
      let data = try payloadHook.map { (hook) throws(EnvelopeError) in try replacement(hook, event, bytes) } ?? nil
      try buffer.append(room: longestLine(event, data, from: bytes)) { line throws(EnvelopeError) in
        switch envelope {
        case .cloudevents: try appendCloudEvent(event, data, from: bytes, to: &line, &encoded, &attributes)
        case .payload: try appendPayload(event, data, from: bytes, to: &line, &encoded)
        }
      }
    } catch {
      buffer.removeSubrange(start...)
      attributes.removeSubrange(firstAttribute...)
      throw error
    }
    encoded.line = start..<buffer.count
    encoded.attributes = firstAttribute..<attributes.count
    return encoded
  }

  private func replacement(
    _ hook: any PayloadHook, _ event: borrowing IntegrationEvent, _ bytes: RawSpan
  ) throws(EnvelopeError) -> ReplacedPayload? {
    do throws(PayloadRefusal) { return try hook.payload(of: event, in: bytes) } catch {
      throw EnvelopeError(.payload, .refused(error.reason))
    }
  }

  /// Room for the event's line, whatever has to be escaped in it.
  private func longestLine(
    _ event: borrowing IntegrationEvent, _ data: ReplacedPayload?, from bytes: RawSpan
  ) -> Int {
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
    if let data { return room + data.longestText }
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
    _ event: borrowing IntegrationEvent, _ data: ReplacedPayload?, from bytes: RawSpan, to line: inout LineWriter,
    _ encoded: inout EncodedEvent
  ) throws(EnvelopeError) {
    if let data {
      line = try data.appending(to: line, isWhole: false, &encoded)
    } else {
      if case .none = event.payload { line.append("null") }
      try appendData(event.payload, from: bytes, to: &line, &encoded)
    }
    line.append(UInt8(ascii: "\n"))
  }

  @inline(__always)
  private func appendCloudEvent(
    _ event: borrowing IntegrationEvent, _ data: ReplacedPayload?, from bytes: RawSpan, to line: inout LineWriter,
    _ encoded: inout EncodedEvent, _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) {
    let start = encoded.line.lowerBound
    line.append(#"{"specversion":"1.0","id":""#)
    encoded.id = try appendRequired(event.id, .id, from: bytes, to: &line).shifted(by: start)
    line.append(event.source.encoded)
    encoded.type = try appendRequired(event.type, .type, from: bytes, to: &line).shifted(by: start)
    var key = 0..<0
    if !event.aggregateID.isEmpty {
      line.append(#","subject":""#)
      key = try appendRequired(event.aggregateID, .aggregateID, from: bytes, to: &line)
      encoded.key = key.shifted(by: start)
    }
    line.append(#","time":""#)
    encoded.hasCommitTime = !event.hasOwnTime
    encoded.timeOffset = start + line.count
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
    if !event.aggregateType.isEmpty {
      line.append(#","aggregatetype":""#)
      encoded.aggregateType = try appendRequired(event.aggregateType, .aggregateType, from: bytes, to: &line)
        .shifted(by: start)
    }
    if !event.dataVersion.isEmpty {
      line.append(#","dataversion":""#)
      encoded.dataVersion = try appendRequired(event.dataVersion, .dataVersion, from: bytes, to: &line)
        .shifted(by: start)
    }
    if !event.traceParent.isEmpty {
      line.append(#","traceparent":""#)
      encoded.traceParent = try appendRequired(event.traceParent, .traceParent, from: bytes, to: &line)
        .shifted(by: start)
    }
    if !event.traceState.isEmpty || !event.attributes.isEmpty || !event.headers.isEmpty {
      line = try appendingExtensions(event, from: bytes, to: line, start, &attributes)
    }
    if !event.dataSchema.isEmpty, data?.schema == nil {
      line = try appendingSchema(event.dataSchema, from: bytes, to: line, start, &attributes)
    }
    if let data {
      if let schema = data.schema {
        line = try line.appendingNoted("dataschema", schema, .dataSchema, start, &attributes)
      }
      if let type = data.contentType {
        line = try line.appendingNoted("datacontenttype", type, .payload, start, &attributes)
      }
      line = try data.appending(to: line, isWhole: true, &encoded)
    } else {
      switch event.payload {
      case .none: break
      case .json, .uncheckedJSON: line.append(#","datacontenttype":"application/json","data":"#)
      case .text: line.append(#","datacontenttype":"text/plain","data":"#)
      case .hexadecimal: line.append(#","datacontenttype":"application/octet-stream","data_base64":"#)
      }
      try appendData(event.payload, from: bytes, to: &line, &encoded)
    }
    line.append("}\n")
  }

  /// What most events do not have: further attributes and headers, which are noted beside the event.
  @inline(never)
  private func appendingExtensions(
    _ event: borrowing IntegrationEvent, from bytes: RawSpan, to written: LineWriter, _ start: Int,
    _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) -> LineWriter {
    var line = written
    if !event.traceState.isEmpty {
      try line.appendNoted(Array(",\"tracestate\":\"".utf8), bytes, event.traceState, .traceState, start, &attributes)
    }
    for attribute in event.attributes where !attribute.value.isEmpty {
      try line.appendNoted(
        attribute.name.encoded, bytes, attribute.value, .attribute(attribute.name.text), start, &attributes)
    }
    for header in event.headers {
      // A column of its own goes before a header of the same name.
      if header.name.text == "traceparent", !event.traceParent.isEmpty { continue }
      if header.name.text == "tracestate", !event.traceState.isEmpty { continue }
      try line.appendNoted(header, start, &attributes)
    }
    return line
  }

  @inline(never)
  private func appendingSchema(
    _ schema: Range<Int>, from bytes: RawSpan, to written: LineWriter, _ start: Int,
    _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) -> LineWriter {
    var line = written
    try line.appendNoted(Array(",\"dataschema\":\"".utf8), bytes, schema, .dataSchema, start, &attributes)
    guard EventSource.isURIReference(bytes.text(schema).utf8) else { throw EnvelopeError(.dataSchema, .invalidURI) }
    return line
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
  private func appendData(
    _ payload: IntegrationEvent.Payload, from bytes: RawSpan, to line: inout LineWriter, _ encoded: inout EncodedEvent
  ) throws(EnvelopeError) {
    let start = encoded.line.lowerBound + line.count
    do throws(EnvelopeError.Problem) {
      switch payload {
      case .none: return
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
        return encoded.note(.text, (start + 1)..<(encoded.line.lowerBound + line.count - 1))
      case .hexadecimal(let range):
        line.append("\"")
        line = try line.appendingBase64(hexadecimal: bytes, range)
        line.append("\"")
        return encoded.note(.base64, (start + 1)..<(encoded.line.lowerBound + line.count - 1))
      }
    } catch {
      throw EnvelopeError(.payload, error)
    }
    encoded.note(.json, start..<(encoded.line.lowerBound + line.count))
  }
}

extension EncodedEvent {
  @inline(__always)
  mutating func note(_ kind: DataKind, _ range: Range<Int>) {
    dataKind = kind
    data = range
  }
}
