// SPDX-License-Identifier: Apache-2.0

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
  private let hook: HookHolder?

  /// Makes an encoder.
  public init(envelope: Envelope, payloadHook: (any PayloadHook)? = nil) {
    self.envelope = envelope
    hook = payloadHook.map(HookHolder.init)
  }

  /// What may check a payload or put another in its place. Held by reference, so that asking whether there is one costs
  /// next to nothing.
  private final class HookHolder: Sendable {
    let hook: any PayloadHook

    init(_ hook: any PayloadHook) { self.hook = hook }
  }

  /// Appends one event as a line, and what its attributes need beside it; after an error both are as they were before.
  public func encode(
    _ event: borrowing IntegrationEvent, from bytes: RawSpan, into buffer: inout [UInt8],
    _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) -> EncodedEvent {
    if let hook { return try encode(event, asked: hook.hook, from: bytes, into: &buffer, &attributes) }
    let start = buffer.count
    let firstAttribute = attributes.count
    var encoded = EncodedEvent(position: event.position, line: start..<start)
    do throws(EnvelopeError) {
      try buffer.append(room: longestLine(event, from: bytes)) { line throws(EnvelopeError) in
        switch envelope {
        case .cloudevents:
          try appendHead(event, hasSchema: false, from: bytes, to: &line, &encoded, &attributes)
          try appendMember(event.payload, hasType: false, from: bytes, to: &line, &encoded)
          line.append("}\n")
        case .payload:
          if case .none = event.payload { line.append("null") }
          try appendData(event.payload, from: bytes, to: &line, &encoded)
          line.append(UInt8(ascii: "\n"))
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

  /// Room for the event's line, whatever has to be escaped in it.
  func longestLine(_ event: borrowing IntegrationEvent, from bytes: RawSpan) -> Int {
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

  /// Appends a CloudEvent without its data and its end.
  @inline(__always)
  func appendHead(
    _ event: borrowing IntegrationEvent, hasSchema: Bool, from bytes: RawSpan, to line: inout LineWriter,
    _ encoded: inout EncodedEvent, _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) {
    line.append(#"{"specversion":"1.0","id":""#)
    encoded.idPlace = .init(try appendRequired(event.id, .id, from: bytes, to: &line))
    line.append(event.source.encoded)
    encoded.typePlace = .init(try appendRequired(event.type, .type, from: bytes, to: &line))
    var key = 0..<0
    if !event.aggregateID.isEmpty {
      line.append(#","subject":""#)
      key = try appendRequired(event.aggregateID, .aggregateID, from: bytes, to: &line)
      encoded.keyPlace = .init(key)
    }
    line.append(#","time":""#)
    encoded.hasCommitTime = !event.hasOwnTime
    encoded.timeOffset = UInt32(truncatingIfNeeded: line.count)
    event.time.append(to: &line)
    if event.isRedelivery {
      line = appendingRedelivery(to: line, &attributes)
    } else {
      line.append(#"","sequence":""#)
      encoded.sequenceOffset = UInt32(truncatingIfNeeded: line.count)
      event.position.append(to: &line)
      line.append("\"")
    }
    if !key.isEmpty {
      line.append(#","partitionkey":""#)
      line.append(copyOf: key)
      line.append("\"")
    }
    if !event.aggregateType.isEmpty {
      line.append(#","aggregatetype":""#)
      encoded.aggregateTypePlace = .init(
        try appendRequired(event.aggregateType, .aggregateType, from: bytes, to: &line))
    }
    if !event.dataVersion.isEmpty {
      line.append(#","dataversion":""#)
      encoded.dataVersionPlace = .init(try appendRequired(event.dataVersion, .dataVersion, from: bytes, to: &line))
    }
    if !event.traceParent.isEmpty {
      line.append(#","traceparent":""#)
      encoded.traceParentPlace = .init(try appendRequired(event.traceParent, .traceParent, from: bytes, to: &line))
    }
    if !event.traceState.isEmpty || !event.attributes.isEmpty || !event.headers.isEmpty {
      line = try appendingExtensions(event, from: bytes, to: line, &attributes)
    }
    if !event.dataSchema.isEmpty, !hasSchema {
      line = try appendingSchema(event.dataSchema, from: bytes, to: line, &attributes)
    }
    // Places of attributes are 32 bits wide.
    guard line.count <= Int(UInt32.max) else { throw EnvelopeError(.id, .tooLong) }
  }

  /// Appends the data behind their member's name, and before it what they are, unless that is said already.
  @inline(__always)
  func appendMember(
    _ payload: IntegrationEvent.Payload, hasType: Bool, from bytes: RawSpan, to line: inout LineWriter,
    _ encoded: inout EncodedEvent
  ) throws(EnvelopeError) {
    switch payload {
    case .none: return
    case .hexadecimal where hasType: line.append(#","data_base64":"#)
    case _ where hasType: line.append(#","data":"#)
    case .json, .uncheckedJSON: line.append(#","datacontenttype":"application/json","data":"#)
    case .text: line.append(#","datacontenttype":"text/plain; charset=UTF-8","data":"#)
    case .hexadecimal: line.append(#","datacontenttype":"application/octet-stream","data_base64":"#)
    }
    try appendData(payload, from: bytes, to: &line, &encoded)
  }

  /// What most events do not have: further attributes and headers, which are noted beside the event.
  @inline(never)
  private func appendingExtensions(
    _ event: borrowing IntegrationEvent, from bytes: RawSpan, to written: LineWriter,
    _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) -> LineWriter {
    var line = written
    if !event.traceState.isEmpty {
      try line.appendNoted(Array(",\"tracestate\":\"".utf8), bytes, event.traceState, .traceState, &attributes)
    }
    for attribute in event.attributes where !attribute.value.isEmpty {
      if event.isRedelivery, attribute.name.text == Self.redelivery { continue }
      try line.appendNoted(
        attribute.name.encoded, bytes, attribute.value, .attribute(attribute.name.text), &attributes)
    }
    for header in event.headers {
      // A column of its own goes before a header of the same name.
      if header.name.text == "traceparent", !event.traceParent.isEmpty { continue }
      if header.name.text == "tracestate", !event.traceState.isEmpty { continue }
      if event.isRedelivery, header.name.text == Self.redelivery { continue }
      try line.appendNoted(header, &attributes)
    }
    return line
  }

  static let redelivery = "redelivery"

  /// Ends the time, and says in the place of a `sequence` that the event is sent again.
  @inline(never)
  private func appendingRedelivery(to written: LineWriter, _ attributes: inout [EncodedAttribute]) -> LineWriter {
    var line = written
    line.append(#"",""#)
    let start = line.count
    line.append("redelivery")
    let end = line.count
    line.append("\":true")
    attributes.append(EncodedAttribute(name: start..<end, value: (end + 2)..<line.count))
    return line
  }

  @inline(never)
  private func appendingSchema(
    _ schema: Range<Int>, from bytes: RawSpan, to written: LineWriter,
    _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) -> LineWriter {
    var line = written
    try line.appendNoted(Array(",\"dataschema\":\"".utf8), bytes, schema, .dataSchema, &attributes)
    guard EventSource.isURI(bytes.text(schema).utf8) else { throw EnvelopeError(.dataSchema, .invalidURI) }
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
  func appendData(
    _ payload: IntegrationEvent.Payload, from bytes: RawSpan, to line: inout LineWriter, _ encoded: inout EncodedEvent
  ) throws(EnvelopeError) {
    let start = line.count
    do throws(EnvelopeError.Problem) {
      switch payload {
      case .none: return
      case .json(let range):
        let value = LineWriter.trimmed(bytes, range)
        guard !value.isEmpty else { throw .invalidJSON(offset: 0) }
        line = try line.appendingJSONLine(bytes, value)
      case .uncheckedJSON(let range):
        do { try JSONScanner.validate(bytes, range) } catch { throw .invalidJSON(offset: error.offset) }
        line = try line.appendingJSONLine(bytes, LineWriter.trimmed(bytes, range))
      case .text(let range):
        line.append("\"")
        line = try line.appendingEscaped(bytes, range, refusingForbidden: false)
        line.append("\"")
        return encoded.note(.text, (start + 1)..<(line.count - 1))
      case .hexadecimal(let range):
        line.append("\"")
        line = try line.appendingBase64(hexadecimal: bytes, range)
        line.append("\"")
        return encoded.note(.base64, (start + 1)..<(line.count - 1))
      }
    } catch {
      throw EnvelopeError(.payload, error)
    }
    encoded.note(.json, start..<line.count)
  }
}
