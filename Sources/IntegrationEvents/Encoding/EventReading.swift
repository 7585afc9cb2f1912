// SPDX-License-Identifier: Apache-2.0

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
        let value = value.shifted(by: -range.lowerBound)
        let inner = kind == .string ? (value.lowerBound + 1)..<(value.upperBound - 1) : value
        switch span.text(name) {
        case "data": event.note(kind == .string ? .text : .json, inner)
        case "data_base64" where kind == .string: event.note(.base64, inner)
        case let other:
          guard kind != .null else { return }
          if kind == .string { event.note(other, inner) }
          noted.append(EncodedAttribute(name: name.shifted(by: -range.lowerBound), value: inner))
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
    // A place is 32 bits wide; what lies beyond is among the noted attributes all the same.
    guard value.upperBound <= Int(UInt32.max) else { return }
    switch name {
    case "id": idPlace = Place(value)
    case "type": typePlace = Place(value)
    case "partitionkey": keyPlace = Place(value)
    case "aggregatetype": aggregateTypePlace = Place(value)
    case "dataversion": dataVersionPlace = Place(value)
    case "traceparent": traceParentPlace = Place(value)
    default: break
    }
  }

  /// A string in `data` is text only where the content type says so: else it is JSON, with its quotes.
  private mutating func correctText(_ bytes: RawSpan, _ noted: [EncodedAttribute]) {
    guard dataKind == .text else { return }
    func text(_ range: Range<Int>) -> String { bytes.text(range.shifted(by: line.lowerBound)) }
    let type = noted.first { text($0.name) == "datacontenttype" }.map { text($0.value) }
    if type?.hasPrefix("text/") != true {
      note(.json, (dataInLine.lowerBound - 1)..<(dataInLine.upperBound + 1))
    }
  }
}
