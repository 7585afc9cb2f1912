// SPDX-License-Identifier: Apache-2.0

import Octets

/// JSON that is made here.
extension SchemaDocument {
  static func string(_ text: String) -> SchemaDocument { SchemaDocument(.string(text)) }

  static func array(_ elements: [SchemaDocument]) -> SchemaDocument { SchemaDocument(.array(elements)) }

  /// An object without the members that are nil.
  static func object(_ members: [(String, SchemaDocument?)]) -> SchemaDocument {
    SchemaDocument(.object(members.compactMap { name, value in value.map { Member(name: name, value: $0) } }))
  }

  static func number(_ number: Int) -> SchemaDocument { SchemaDocument(.number("\(number)")) }

  /// Its members; none where it is no object.
  var members: [Member] { if case .object(let members) = value { members } else { [] } }

  /// Its elements; none where it is no array.
  var elements: [SchemaDocument] { if case .array(let elements) = value { elements } else { [] } }

  /// The text that it is; nil where it is none.
  var text: String? { if case .string(let text) = value { text } else { nil } }

  /// The number that it is, as near as can be; nil where it is none.
  var double: Double? { if case .number(let digits) = value { Double(digits) } else { nil } }

  /// Without blanks.
  var compact: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(json: self)
    return bytes
  }

  /// Without blanks, cut where it is long.
  func shown(to count: Int = 200) -> String {
    ForeignText(String(decoding: compact, as: UTF8.self)).shortened(to: count)
  }

  /// With a line for each member and element.
  var laidOut: String {
    var text: [UInt8] = []
    layOut(into: &text, 0)
    return String(decoding: text, as: UTF8.self)
  }

  private func layOut(into text: inout [UInt8], _ depth: Int) {
    switch value {
    case .array(let elements) where !elements.isEmpty:
      text.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        Self.newLine(&text, depth + 1, isFirst: index == 0)
        element.layOut(into: &text, depth + 1)
      }
      Self.newLine(&text, depth, isFirst: true)
      text.append(UInt8(ascii: "]"))
    case .object(let members) where !members.isEmpty:
      text.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        Self.newLine(&text, depth + 1, isFirst: index == 0)
        text.append(json: .string(member.name))
        text += ": ".utf8
        member.value.layOut(into: &text, depth + 1)
      }
      Self.newLine(&text, depth, isFirst: true)
      text.append(UInt8(ascii: "}"))
    default: text.append(json: self)
    }
  }

  private static func newLine(_ text: inout [UInt8], _ depth: Int, isFirst: Bool) {
    if !isFirst { text.append(UInt8(ascii: ",")) }
    text.append(0x0A)
    text.append(contentsOf: repeatElement(0x20, count: 2 * depth))
  }
}
