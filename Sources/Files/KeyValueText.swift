// SPDX-License-Identifier: Apache-2.0

/// Records of ours in files: lines of a word, a blank and a value, in order; no word comes twice.
package struct KeyValueText: Hashable, Sendable {
  private var lines: [String] = []
  private var values: [String: String] = [:]

  /// Makes a text without lines.
  package init() {}

  /// Reads a text; nil when a line has no blank, or a word comes twice.
  package init?(_ text: some StringProtocol) {
    for line in text.split(separator: "\n") {
      guard let blank = line.firstIndex(of: " ") else { return nil }
      let key = String(line[..<blank])
      guard values.updateValue(String(line[line.index(after: blank)...]), forKey: key) == nil else { return nil }
      lines.append(String(line))
    }
  }

  /// The value behind a word; nil when there is none.
  package subscript(_ key: String) -> String? { values[key] }

  /// Adds a line. A value's line breaks become blanks, for it has one line.
  package mutating func append(_ key: String, _ value: some CustomStringConvertible) {
    let value = String(value.description.map { $0.isNewline ? " " : $0 })
    values[key] = value
    lines.append("\(key) \(value)")
  }

  /// The lines, each with its end.
  package var text: String { lines.map { $0 + "\n" }.joined() }
}
