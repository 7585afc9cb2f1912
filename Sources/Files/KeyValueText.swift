// SPDX-License-Identifier: Apache-2.0

import Octets

/// Records of ours in files: lines of a word, a blank and a value, in order; no word comes twice.
///
/// A value may hold anything. One that could not stand in a line as it is has a per cent sign behind its word, and in it, what
/// cannot stand there as a per cent sign and two digits; all others stand as they are.
package struct KeyValueText: Hashable, Sendable {
  private var lines: [String] = []
  private var values: [String: String] = [:]

  /// Makes a text without lines.
  package init() {}

  /// Reads a text; nil when a line has no blank, or a word comes twice.
  package init?(_ text: some StringProtocol) {
    // Not characters: a mark that combines with a blank, or a line end of another kind, is a part of the value.
    for line in String(text).utf8.split(separator: UInt8(ascii: "\n")) {
      guard let blank = line.firstIndex(of: UInt8(ascii: " ")) else { return nil }
      var key = String(Substring(line[..<blank]))
      var value = String(Substring(line[line.index(after: blank)...]))
      if key.utf8.last == Self.mark {
        guard let decoded = Hexadecimal.percentDecoded(value.utf8) else { return nil }
        key.removeLast()
        value = String(decoding: decoded, as: UTF8.self)
      }
      guard values.updateValue(value, forKey: key) == nil else { return nil }
      lines.append(String(Substring(line)))
    }
  }

  /// The value behind a word; nil when there is none.
  package subscript(_ key: String) -> String? { values[key] }

  /// Adds a line.
  package mutating func append(_ key: String, _ value: some CustomStringConvertible) {
    let value = value.description
    values[key] = value
    let isPlain = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    lines.append(isPlain ? "\(key) \(value)" : "\(key)% \(Self.encoded(value))")
  }

  /// The lines, each with its end.
  package var text: String { lines.map { $0 + "\n" }.joined() }

  private static let mark = UInt8(ascii: "%")

  private static func encoded(_ value: String) -> String {
    var bytes: [UInt8] = []
    for byte in value.utf8 {
      guard byte < 0x20 || byte == 0x7F || byte == mark else {
        bytes.append(byte)
        continue
      }
      bytes.append(mark)
      bytes.appendHexadecimal(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
