// SPDX-License-Identifier: Apache-2.0

import Octets

/// What answers is not what AWS answers with.
struct AnswerBreach: Error, Hashable {}

/// Goes through the small XML that AWS answers with: elements and text. Attributes are passed over; a document type, and with it
/// entities of one's own, is refused. Nothing is nested for whoever reads: depth costs a name, and has a limit.
///
/// Source: XML 1.0, sections 2 to 4.
package struct XMLElements {
  private static let deepest = 16
  private static let longestName = 128

  private let bytes: [UInt8]
  private var offset = 0
  private var names: [String] = []

  /// Calls `body` at the end of each element, with the names from the outermost on and the text that stands directly in it.
  package static func read(_ bytes: [UInt8], _ body: (_ path: [String], _ text: String) -> Void) throws {
    var reader = XMLElements(bytes: bytes)
    try reader.read(body)
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func read(_ body: (_ path: [String], _ text: String) -> Void) throws(AnswerBreach) {
    var texts: [[UInt8]] = []
    var hasRoot = false
    while offset < bytes.count {
      guard bytes[offset] == UInt8(ascii: "<") else {
        try text(&texts)
        continue
      }
      if take("<?") {
        try skip(past: "?>")
      } else if take("<!--") {
        try skip(past: "-->")
      } else if take("<![CDATA[") {
        let start = offset
        try skip(past: "]]>")
        guard !texts.isEmpty else { throw AnswerBreach() }
        texts[texts.count - 1] += bytes[start..<(offset - 3)]
      } else if take("</") {
        let name = try self.name()
        skipBlanks()
        guard take(">"), names.last == name, let text = texts.popLast() else { throw AnswerBreach() }
        body(names, String(decoding: text, as: UTF8.self))
        names.removeLast()
      } else if take("<!") {
        throw AnswerBreach()
      } else {
        offset += 1
        guard !names.isEmpty || !hasRoot, names.count < Self.deepest else { throw AnswerBreach() }
        hasRoot = true
        names.append(try name())
        if try attributes() {
          body(names, "")
          names.removeLast()
        } else {
          texts.append([])
        }
      }
    }
    guard hasRoot, names.isEmpty else { throw AnswerBreach() }
  }

  private mutating func take(_ text: String) -> Bool {
    guard bytes[offset...].starts(with: text.utf8) else { return false }
    offset += text.utf8.count
    return true
  }

  private mutating func skip(past end: String) throws(AnswerBreach) {
    while offset < bytes.count {
      if take(end) { return }
      offset += 1
    }
    throw AnswerBreach()
  }

  private mutating func skipBlanks() { while offset < bytes.count, Self.isBlank(bytes[offset]) { offset += 1 } }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  private mutating func name() throws(AnswerBreach) -> String {
    let start = offset
    while offset < bytes.count, !Self.isBlank(bytes[offset]), !"<>/=\"'&".utf8.contains(bytes[offset]) { offset += 1 }
    guard (1...Self.longestName).contains(offset - start) else { throw AnswerBreach() }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  /// Goes behind a tag whose name has been read; tells whether it ends its element too.
  private mutating func attributes() throws(AnswerBreach) -> Bool {
    while offset < bytes.count {
      skipBlanks()
      if take("/>") { return true }
      if take(">") { return false }
      _ = try name()
      skipBlanks()
      guard take("=") else { throw AnswerBreach() }
      skipBlanks()
      guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") || bytes[offset] == UInt8(ascii: "'") else {
        throw AnswerBreach()
      }
      let quote = bytes[offset]
      offset += 1
      while offset < bytes.count, bytes[offset] != quote, bytes[offset] != UInt8(ascii: "<") { offset += 1 }
      guard offset < bytes.count, bytes[offset] == quote else { throw AnswerBreach() }
      offset += 1
    }
    throw AnswerBreach()
  }

  /// Reads up to the next tag.
  private mutating func text(_ texts: inout [[UInt8]]) throws(AnswerBreach) {
    while offset < bytes.count, bytes[offset] != UInt8(ascii: "<") {
      let byte = bytes[offset]
      guard !texts.isEmpty else {
        // A byte order mark may stand before everything.
        guard Self.isBlank(byte) || (offset < 3 && byte >= 0x80) else { throw AnswerBreach() }
        offset += 1
        continue
      }
      if byte == UInt8(ascii: "&") {
        texts[texts.count - 1] += try reference()
      } else {
        texts[texts.count - 1].append(byte)
        offset += 1
      }
    }
  }

  /// Source: XML 1.0, sections 4.1 and 4.6.
  private mutating func reference() throws(AnswerBreach) -> [UInt8] {
    let known: [(String, UInt8)] = [
      ("&amp;", 0x26), ("&lt;", 0x3C), ("&gt;", 0x3E), ("&quot;", 0x22), ("&apos;", 0x27),
    ]
    for (text, byte) in known where take(text) { return [byte] }
    let isHexadecimal = take("&#x")
    guard isHexadecimal || take("&#") else { throw AnswerBreach() }
    var value: UInt32 = 0
    let start = offset
    while offset < bytes.count, offset - start < 8, let digit = Hexadecimal.value(of: bytes[offset]),
      isHexadecimal || digit < 10
    {
      value = value &* (isHexadecimal ? 16 : 10) &+ UInt32(digit)
      offset += 1
    }
    guard offset > start, take(";"), let scalar = Unicode.Scalar(value), scalar.value > 0 else { throw AnswerBreach() }
    return Array(String(Character(scalar)).utf8)
  }
}
