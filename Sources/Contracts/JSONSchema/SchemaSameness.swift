// SPDX-License-Identifier: Apache-2.0

import Octets

/// Whether two schemas' texts are the same but for annotations and the order of members.
enum SchemaSameness {
  /// Keywords that only tell people something.
  private static let annotations: Set<String> = ["title", "description", "$comment", "examples"]

  private enum Position { case schema, map, list, data }

  static func areSame(_ one: SchemaDocument, _ two: SchemaDocument) -> Bool { areSame(one, two, .schema) }

  private static func areSame(_ one: SchemaDocument, _ two: SchemaDocument, _ position: Position) -> Bool {
    switch (one.value, two.value) {
    case (.object(let left), .object(let right)):
      let first = left.filter { position != .schema || !annotations.contains($0.name) }
      let second = right.filter { position != .schema || !annotations.contains($0.name) }
      guard first.count == second.count else { return false }
      // Mostly the order is the same.
      if zip(first, second).allSatisfy({ $0.name.utf8.elementsEqual($1.name.utf8) }) {
        return zip(first, second).allSatisfy { areSame($0.value, $1.value, inner(position, $0)) }
      }
      let known = Dictionary(second.map { (ForeignText($0.name), $0.value) }, uniquingKeysWith: { first, _ in first })
      return first.allSatisfy { member in
        guard let other = known[ForeignText(member.name)] else { return false }
        return areSame(member.value, other, inner(position, member))
      }
    case (.array(let left), .array(let right)):
      let inner = position == .list ? Position.schema : .data
      return left.count == right.count && zip(left, right).allSatisfy { areSame($0, $1, inner) }
    case (.number(let left), .number(let right)):
      let (first, second) = (Array(left.utf8), Array(right.utf8))
      return unsafe Decimal(first.span.bytes, 0..<first.count).compare(
        first.span.bytes, Decimal(second.span.bytes, 0..<second.count), second.span.bytes) == 0
    case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
    default: return one.value == two.value
    }
  }

  /// What a member of something is, by either draft.
  private static func inner(_ position: Position, _ member: SchemaDocument.Member) -> Position {
    switch position {
    case .map: return member.value.isArray ? .data : .schema
    case .list, .data: return .data
    case .schema:
      guard let keyword = Keyword.named[member.name] else { return .data }
      let holding = keyword.holding(.draft2020)
      switch holding == .nothing ? keyword.holding(.draft7) : holding {
      case .nothing: return .data
      case .list: return .list
      case .map, .mapOrNames: return .map
      case .schema, .schemaOrList: return member.value.isArray ? .list : .schema
      }
    }
  }
}
