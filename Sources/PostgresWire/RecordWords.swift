// SPDX-License-Identifier: Apache-2.0

import Octets

/// The words of a line of a record, one after another, with blanks between them.
struct RecordWords {
  private var rest: ArraySlice<Substring>

  init(_ text: String) { rest = text.split(separator: " ", omittingEmptySubsequences: false)[...] }

  /// How many words are left.
  var left: Int { rest.count }

  /// The next word; nil where there is none, or what is there is none.
  mutating func next() -> String? {
    guard let word = rest.popFirst(), let bytes = Hexadecimal.percentDecoded(word.utf8) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The next word as a number from 0 on.
  mutating func number<Number: FixedWidthInteger>() -> Number? {
    next().flatMap { Number($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// So many words.
  mutating func several(_ count: Int?) -> [String]? {
    guard let count, count <= left else { return nil }
    var found: [String] = []
    for _ in 0..<count {
      guard let word = next() else { return nil }
      found.append(word)
    }
    return found
  }

  /// A line that has the words.
  static func line(_ words: [String]) -> String { words.map(encoded).joined(separator: " ") }

  /// A word without what parts words, or ends a line.
  private static func encoded(_ word: String) -> String {
    guard word.utf8.contains(where: needsEncoding) else { return word }
    var bytes: [UInt8] = []
    for byte in word.utf8 {
      if needsEncoding(byte) {
        bytes.append(UInt8(ascii: "%"))
        bytes.appendHexadecimal(byte)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func needsEncoding(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "%")
  }
}
