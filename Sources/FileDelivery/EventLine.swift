// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// Reading back a line that was written as a CloudEvent.
enum EventLine {
  /// How each begins.
  private static let beginning = Array(#"{"specversion":"1.0","id":""#.utf8)

  /// No line is shorter, in bytes.
  static let shortest = Int64(beginning.count)

  /// Whether some bytes can be the beginning of an event's line.
  static func canBegin(_ bytes: [UInt8]) -> Bool {
    bytes.prefix(beginning.count).elementsEqual(beginning.prefix(bytes.count))
  }

  /// The position in a line's `sequence`; nil when the line is not such an event.
  static func position(in line: [UInt8]) -> EventPosition? {
    let bytes = unsafe line.span.bytes
    var sequence: EventPosition?
    do {
      try JSONScanner.forEachMember(bytes, 0..<line.count) { key, value, kind in
        guard kind == .string, bytes.text(key) == "sequence" else { return }
        sequence = EventPosition(sequence: bytes.text((value.lowerBound + 1)..<(value.upperBound - 1)))
      }
    } catch {
      return nil
    }
    return sequence
  }
}
