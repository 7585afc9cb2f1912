// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// A value of JSON, as short as a server's answers are. Numbers that are no whole ones have no value. Source: RFC 8259.
package enum JSONValue: Hashable, Sendable {
  case object([String: JSONValue])
  case array([JSONValue])
  case string(String)
  case number(Int?)
  case bool(Bool)
  case null

  /// Lists in lists, more than anybody needs.
  private static let deepest = 32

  /// Nil for what is no JSON. What it takes is bounded by the bytes that are there.
  package init?(_ bytes: some RandomAccessCollection<UInt8>) {
    let bytes = Array(bytes)
    let isBlank: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    guard let kind = unsafe try? JSONScanner.validate(bytes.span.bytes, bytes.indices),
      let start = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
    else { return nil }
    self.init(bytes, start..<last + 1, kind, depth: Self.deepest)
  }

  /// Of a range that is one value.
  private init?(_ bytes: [UInt8], _ range: Range<Int>, _ kind: JSONScanner.Kind, depth: Int) {
    guard depth > 0 else { return nil }
    var isWhole = true
    switch kind {
    case .object:
      var members: [String: JSONValue] = [:]
      let isObject: Void? = unsafe try? JSONScanner.forEachMember(bytes.span.bytes, range) { name, range, kind in
        guard let name = Self.text(bytes, name), let value = JSONValue(bytes, range, kind, depth: depth - 1) else {
          return isWhole = false
        }
        members[name] = value
      }
      guard isObject != nil, isWhole else { return nil }
      self = .object(members)
    case .array:
      var values: [JSONValue] = []
      let isArray = unsafe try? JSONScanner.forEachElement(bytes.span.bytes, range) { range, kind in
        guard let value = JSONValue(bytes, range, kind, depth: depth - 1) else { return false }
        values.append(value)
        return true
      }
      guard isArray == true else { return nil }
      self = .array(values)
    case .string:
      guard let text = Self.text(bytes, range.lowerBound + 1..<range.upperBound - 1) else { return nil }
      self = .string(text)
    case .number: self = .number(Int(String(decoding: bytes[range], as: UTF8.self)))
    case .boolean: self = .bool(bytes[range.lowerBound] == UInt8(ascii: "t"))
    case .null: self = .null
    }
  }

  /// Nil where an escape stands for half a character.
  private static func text(_ bytes: [UInt8], _ range: Range<Int>) -> String? {
    var text: [UInt8] = []
    guard unsafe text.appendUnescaped(bytes.span.bytes, range) else { return nil }
    return String(decoding: text, as: UTF8.self)
  }

  /// A member of an object.
  package subscript(_ name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members[name]
  }

  package var string: String? { if case .string(let text) = self { text } else { nil } }
  package var int: Int? { if case .number(let number) = self { number } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var strings: [String]? { if case .array(let values) = self { values.compactMap(\.string) } else { nil } }
}
