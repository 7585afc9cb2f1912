// SPDX-License-Identifier: Apache-2.0

import Octets

/// Encoding where somebody looks at the payload first.
extension EnvelopeEncoder {
  @inline(never)
  func encode(
    _ event: borrowing IntegrationEvent, asked hook: any PayloadHook, from bytes: RawSpan, into buffer: inout [UInt8],
    _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) -> EncodedEvent {
    let data: ReplacedPayload?
    do throws(PayloadRefusal) { data = try hook.payload(of: event, in: bytes) } catch {
      throw EnvelopeError(.payload, .refused(error.reason))
    }
    guard let data else {
      return try EnvelopeEncoder(envelope: envelope).encode(event, from: bytes, into: &buffer, &attributes)
    }
    let start = buffer.count
    let firstAttribute = attributes.count
    var encoded = EncodedEvent(position: event.position, line: start..<start)
    do throws(EnvelopeError) {
      let room = longestLine(event, from: bytes) + data.longestText
      try buffer.append(room: room) { line throws(EnvelopeError) in
        guard envelope == .cloudevents else {
          if data.content == .row {
            if case .none = event.payload { line.append("null") }
            try appendData(event.payload, from: bytes, to: &line, &encoded)
          }
          line = try data.appending(to: line, isWhole: false, &encoded)
          return line.append(UInt8(ascii: "\n"))
        }
        let hasSchema = data.schema != nil
        try appendHead(event, hasSchema: hasSchema, from: bytes, to: &line, &encoded, &attributes)
        if let schema = data.schema {
          guard EventSource.isURI(schema.utf8) else { throw EnvelopeError(.dataSchema, .invalidURI) }
          line = try line.appendingNoted("dataschema", schema, .dataSchema, &attributes)
        }
        if let type = data.contentType {
          line = try line.appendingNoted("datacontenttype", type, .payload, &attributes)
        }
        if data.content == .row {
          try appendMember(event.payload, hasType: data.contentType != nil, from: bytes, to: &line, &encoded)
        }
        line = try data.appending(to: line, isWhole: true, &encoded)
        line.append("}\n")
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
}
