import Octets

extension EncodedEvent {
  /// Reads a line that may have been written by another version or program, such as a dead letter's.
  ///
  /// Every attribute is noted, in the line's order. Nil when the range is no JSON object.
  package static func read(
    _ bytes: [UInt8], _ range: Range<Int>, position: EventPosition, _ attributes: inout [EncodedAttribute]
  ) -> EncodedEvent? {
    let span = unsafe bytes.span.bytes
    var event = EncodedEvent(position: position, line: range)
    event.listsAllAttributes = true
    let first = attributes.count
    var noted: [EncodedAttribute] = []
    do {
      try JSONScanner.forEachMember(span, range) { name, value, kind in
        let inner = kind == .string ? (value.lowerBound + 1)..<(value.upperBound - 1) : value
        switch span.text(name) {
        case "data": event.note(kind == .string ? .text : .json, kind == .string ? inner : value)
        case "data_base64" where kind == .string: event.note(.base64, inner)
        case let other:
          guard kind != .null else { return }
          if kind == .string { event.note(other, inner) }
          noted.append(EncodedAttribute(name: name, value: inner))
        }
      }
    } catch {
      return nil
    }
    event.correctText(span, noted)
    attributes.append(contentsOf: noted)
    event.attributes = first..<attributes.count
    return event
  }

  private mutating func note(_ name: String, _ value: Range<Int>) {
    switch name {
    case "id": id = value
    case "type": type = value
    case "partitionkey": key = value
    case "aggregatetype": aggregateType = value
    case "dataversion": dataVersion = value
    case "traceparent": traceParent = value
    default: break
    }
  }

  /// A string in `data` is text only where the content type says so: else it is JSON, with its quotes.
  private mutating func correctText(_ bytes: RawSpan, _ noted: [EncodedAttribute]) {
    guard dataKind == .text else { return }
    let type = noted.first { bytes.text($0.name) == "datacontenttype" }.map { bytes.text($0.value) }
    if type?.hasPrefix("text/") != true { note(.json, (data.lowerBound - 1)..<(data.upperBound + 1)) }
  }
}
