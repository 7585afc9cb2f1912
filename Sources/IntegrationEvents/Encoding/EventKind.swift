// SPDX-License-Identifier: Apache-2.0

/// What counters tell events by: where they come from, and their type.
package struct EventKind: Hashable, Sendable {
  /// The table, or the whole source where it is not `/database/table`.
  package var table: String
  /// The CloudEvents `type`; empty where the envelope has none.
  package var type: String

  package init(table: String, type: String) {
    (self.table, self.type) = (table, type)
  }

  /// Reads the piece of a line that tells an event's kind.
  package init(piece: [UInt8]) {
    self.init(table: "", type: "")
    guard piece.starts(with: Self.start) else { return }
    let source = piece.dropFirst(Self.start.count).prefix { $0 != UInt8(ascii: "\"") }
    var type: [UInt8] = []
    let place = min(source.endIndex + Self.middle.count, piece.count)..<piece.count
    _ = unsafe type.appendUnescaped(piece.span.bytes, place)
    table = Self.table(String(decoding: source, as: UTF8.self))
    self.type = String(decoding: type, as: UTF8.self)
  }

  private static let start = Array("\",\"source\":\"".utf8)
  private static let middle = Array("\",\"type\":\"".utf8)

  private static func table(_ source: String) -> String {
    let parts = source.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].isEmpty else { return source }
    return percentDecoded(parts[2])
  }

  private static func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) else {
        bytes.append(byte)
        continue
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension EncodedEvent {
  /// The piece of its line that tells its kind, from behind the id to the end of the type, as the encoder writes it; empty in
  /// an envelope without attributes.
  package var kindPlace: Range<Int> { id.upperBound..<Swift.max(id.upperBound, type.upperBound) }
}
