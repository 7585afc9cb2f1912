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
      throw EnvelopeError(.payload, .refused(error))
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
          if case .row(let isJSON) = data.content {
            if case .none = event.payload { line.append("null") }
            try appendData(isJSON ? event.payload.checked : event.payload, from: bytes, to: &line, &encoded)
          }
          line = try data.appending(to: line, isWhole: false, &encoded)
          return line.append(UInt8(ascii: "\n"))
        }
        try appendHead(event, hasSchema: data.schema != nil, from: bytes, to: &line, &encoded, &attributes)
        if let schema = data.schema { line.appendNoted(schema, &attributes) }
        let hasType = data.contentType != nil
        if let type = data.contentType {
          line = try line.appendingNoted("datacontenttype", type, .payload, &attributes)
        }
        if case .row(let isJSON) = data.content {
          let payload = isJSON ? event.payload.checked : event.payload
          try appendMember(payload, hasType: hasType, from: bytes, to: &line, &encoded)
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
