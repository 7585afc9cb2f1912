// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// A schema's JSON text, read once: its values with their lines, numbers as they are written.
///
/// Source: RFC 8259. Refused besides what is no JSON: members that are there twice, nesting beyond ``maximumDepth``.
package struct SchemaDocument: Hashable, Sendable {
  /// A value.
  package indirect enum Value: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// The digits as they stand there.
    case number(String)
    case string(String)
    case array([SchemaDocument])
    case object([Member])
  }

  /// A member of an object.
  package struct Member: Hashable, Sendable {
    package var name: String
    package var value: SchemaDocument
  }

  /// Arrays and objects within each other.
  package static let maximumDepth = 256

  /// What it is.
  package var value: Value
  /// Where it begins, from 1. It does not count when two are compared.
  package var line: Int

  package init(_ value: Value, line: Int = 1) { (self.value, self.line) = (value, line) }

  /// Reads text.
  package init(_ text: [UInt8]) throws(SchemaFault) {
    var reading = SchemaReading(text)
    self = try reading.document()
  }

  package static func == (left: Self, right: Self) -> Bool { left.value == right.value }

  package func hash(into hasher: inout Hasher) { hasher.combine(value) }

  /// A member of an object; nil where there is none, or this is no object.
  package subscript(name: String) -> SchemaDocument? {
    guard case .object(let members) = value else { return nil }
    return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }
}
