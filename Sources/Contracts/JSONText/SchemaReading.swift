// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// Reads a schema's text in one pass, once it is known to be JSON.
struct SchemaReading {
  private let text: [UInt8]
  private var offset = 0
  private var line = 1
  private var depth = 0

  init(_ text: [UInt8]) { self.text = text }

  mutating func document() throws(SchemaFault) -> SchemaDocument {
    do throws(JSONScanner.Failure) {
      try unsafe JSONScanner.validate(text.span.bytes, 0..<text.count)
    } catch {
      throw fault(at: min(error.offset, text.count))
    }
    return try value()
  }

  /// What stands where JSON ends, which is most often one of a few things.
  private func fault(at offset: Int) -> SchemaFault {
    let line = text[..<offset].count { $0 == 0x0A } + 1
    if text.starts(with: [0xEF, 0xBB, 0xBF]) {
      return SchemaFault(line: 1, "it begins with a byte order mark", advice: "save it as UTF-8 without one")
    }
    let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
    if text.allSatisfy(isBlank) { return SchemaFault(line: 1, "it is empty", advice: "write a schema into it") }
    let column = offset - (text[..<offset].lastIndex(of: 0x0A) ?? -1)
    let found: String
    switch offset < text.count ? text[offset] : nil {
    case nil: found = "it ends there, and something is still open"
    case UInt8(ascii: "/"), UInt8(ascii: "#"): found = "JSON has no comments"
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      found =
        text[..<offset].last { !isBlank($0) } == UInt8(ascii: ",")
        ? "a comma stands before what ends there" : "something is missing before what ends there"
    case let byte? where (0x21...0x7E).contains(byte): found = "\(UnicodeScalar(byte)) cannot stand there"
    default: found = "that character cannot stand there"
    }
    return SchemaFault(
      line: line, "this is no JSON at column \(column): \(found)",
      advice: "write JSON as RFC 8259 has it, without comments or trailing commas")
  }

  /// Reads the value that begins here. That it is one was checked, so each byte that is looked for is there.
  private mutating func value() throws(SchemaFault) -> SchemaDocument {
    skipBlanks()
    let start = line
    switch byte {
    case UInt8(ascii: "{"): return SchemaDocument(.object(try members()), line: start)
    case UInt8(ascii: "["): return SchemaDocument(.array(try elements()), line: start)
    case UInt8(ascii: "\""): return SchemaDocument(.string(try string()), line: start)
    case UInt8(ascii: "t"):
      offset += 4
      return SchemaDocument(.boolean(true), line: start)
    case UInt8(ascii: "f"):
      offset += 5
      return SchemaDocument(.boolean(false), line: start)
    case UInt8(ascii: "n"):
      offset += 4
      return SchemaDocument(.null, line: start)
    default:
      let first = offset
      // It is known to be one, and ends with what cannot be in it.
      while byte > 0x20, byte != UInt8(ascii: ","), byte != UInt8(ascii: "]"), byte != UInt8(ascii: "}") { offset += 1 }
      return SchemaDocument(.number(String(decoding: text[first..<offset], as: UTF8.self)), line: start)
    }
  }

  private mutating func members() throws(SchemaFault) -> [SchemaDocument.Member] {
    try open()
    defer { depth -= 1 }
    var members: [SchemaDocument.Member] = []
    var names: Set<ForeignText> = []
    skipBlanks()
    while byte != UInt8(ascii: "}") {
      if byte == UInt8(ascii: ",") { offset += 1 }
      skipBlanks()
      let name = try string()
      guard isNew(name, among: members, &names) else {
        throw SchemaFault(
          line: line, "the member \(ForeignText(ForeignText(name).shortened())) is there twice",
          advice: "take one of them out")
      }
      skipBlanks()
      offset += 1
      members.append(.init(name: name, value: try value()))
      skipBlanks()
    }
    offset += 1
    return members
  }

  /// Whether no member has a name yet. Few are compared; only of many is a set worth its memory.
  private func isNew(_ name: String, among members: [SchemaDocument.Member], _ names: inout Set<ForeignText>) -> Bool {
    guard members.count >= 8 else { return !members.contains { $0.name.utf8.elementsEqual(name.utf8) } }
    if names.isEmpty { names = Set(members.map { ForeignText($0.name) }) }
    return names.insert(ForeignText(name)).inserted
  }

  private mutating func elements() throws(SchemaFault) -> [SchemaDocument] {
    try open()
    defer { depth -= 1 }
    var elements: [SchemaDocument] = []
    skipBlanks()
    while byte != UInt8(ascii: "]") {
      if byte == UInt8(ascii: ",") { offset += 1 }
      elements.append(try value())
      skipBlanks()
    }
    offset += 1
    return elements
  }

  private mutating func open() throws(SchemaFault) {
    depth += 1
    guard depth <= SchemaDocument.maximumDepth else {
      throw SchemaFault(
        line: line, "more than \(SchemaDocument.maximumDepth) arrays and objects lie within each other",
        advice: "name the inner ones, and refer to them")
    }
    offset += 1
  }

  private mutating func string() throws(SchemaFault) -> String {
    let start = offset + 1
    offset = start
    while byte != UInt8(ascii: "\"") { offset += byte == UInt8(ascii: "\\") ? 2 : 1 }
    var unescaped: [UInt8] = []
    let isWhole = unsafe unescaped.appendUnescaped(text.span.bytes, start..<offset)
    offset += 1
    guard isWhole, let string = String(validating: unescaped, as: UTF8.self) else {
      throw SchemaFault(line: line, "a string has half a surrogate pair", advice: "write the character itself")
    }
    return string
  }

  private var byte: UInt8 { offset < text.count ? text[offset] : 0 }

  private mutating func skipBlanks() {
    while byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      if byte == 0x0A { line += 1 }
      offset += 1
    }
  }
}
