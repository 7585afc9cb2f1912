// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// Makes of two escapes that JSON writes for one character, `\ud83d\ude00`, the one that YAML has for it, `\U0001F600`.
///
/// Source: RFC 8259, section 7; YAML 1.2.2, section 5.7.
struct PairedEscapes {
  /// What can be read as YAML.
  private(set) var text: String
  /// By lines, behind which columns two characters are missing, in their order.
  private var places: [Int: [Int]] = [:]

  /// Takes a text that is not JSON as it is.
  init(_ text: String) {
    self.text = text
    let bytes = Array(text.utf8)
    guard Self.mayHave(bytes), JSONText.isValue(bytes) else { return }
    var written: [UInt8] = []
    written.reserveCapacity(bytes.count)
    var position = FilePosition()
    var next = 0
    func copy(_ count: Int) {
      for byte in bytes[next..<min(next + count, bytes.count)] {
        written.append(byte)
        if byte & 0xC0 != 0x80 { position.column += 1 }
      }
      next += count
    }
    while next < bytes.count {
      let length = FileLines.breakLength(bytes, next)
      if length > 0 {
        copy(length)
        position = FilePosition(line: position.line + 1)
      } else if bytes[next] != UInt8(ascii: "\\") {
        copy(1)
      } else if let scalar = Self.pair(bytes, next) {
        let digits = String(scalar, radix: 16, uppercase: true)
        written += "\\U\(String(repeating: "0", count: 8 - digits.count))\(digits)".utf8
        next += 12
        position.column += 10
        places[position.line, default: []].append(position.column)
      } else {
        copy(2)
      }
    }
    self.text = String(decoding: written, as: UTF8.self)
  }

  /// Where something stands in the text that was given.
  func given(_ position: FilePosition) -> FilePosition {
    guard let columns = places[position.line] else { return position }
    var (low, high) = (0, columns.count)
    while low < high {
      let middle = (low + high) / 2
      if columns[middle] <= position.column { low = middle + 1 } else { high = middle }
    }
    return FilePosition(line: position.line, column: position.column + 2 * low)
  }

  private static func mayHave(_ bytes: [UInt8]) -> Bool {
    bytes.indices.contains { place in unit(bytes, place).map { (0xD800..<0xDC00).contains($0) } ?? false }
  }

  /// The character of a pair that begins somewhere.
  private static func pair(_ bytes: [UInt8], _ place: Int) -> UInt32? {
    guard let high = unit(bytes, place), (0xD800..<0xDC00).contains(high), let low = unit(bytes, place + 6),
      (0xDC00..<0xE000).contains(low)
    else { return nil }
    return 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
  }

  /// What `\u` and four digits mean.
  private static func unit(_ bytes: [UInt8], _ place: Int) -> UInt32? {
    guard place + 6 <= bytes.count, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "u") else {
      return nil
    }
    return UInt32(String(decoding: bytes[place + 2..<place + 6], as: UTF8.self), radix: 16)
  }
}
