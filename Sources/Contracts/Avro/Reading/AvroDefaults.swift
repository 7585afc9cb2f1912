// SPDX-License-Identifier: Apache-2.0

import Octets

/// Defaults, which are held to their types once all of these are known.
///
/// They are written as Avro's: an int with a logical type has an int's. For unions, 1.12 says "Default values for union
/// fields correspond to the first schema that matches in the union", where 1.11 says "the first schema in the union": any branch
/// is taken, with a remark where it is not the first.
extension AvroReading {
  mutating func checkDefaults() throws(SchemaFault) {
    // For all together: a value can be read in many ways where unions lie within each other.
    var patience = 100_000
    for case .record(_, let fields) in types.map(\.shape) {
      for field in fields {
        guard let value = field.defaultValue, patience < 20_000_000 else { continue }
        patience += 1000 * min(value.count, 20_000)
      }
    }
    for type in types {
      guard case .record(_, let fields) = type.shape else { continue }
      for field in fields {
        guard let value = field.defaultValue else { continue }
        let isMatching = matches(value, field.use.type, &patience)
        let place = places.member("default", of: field.place, value)
        guard patience > 0 else {
          throw fault(
            place, "this default can be read in too many ways", "take unions out of its type, or leave it away")
        }
        guard isMatching else { throw wrong(field, place) }
        if case .union(let branches) = types[field.use.type].shape, let first = branches.first,
          !matches(value, first.type, &patience)
        {
          remark(place, "readers before Avro 1.12 take a union's default for its first branch; write that branch first")
        }
      }
    }
  }

  private mutating func wrong(_ field: AvroField, _ place: Int) -> SchemaFault {
    let type = types[field.use.type]
    let kind: String
    if case .union(let branches) = type.shape {
      kind = "none of the union's types: " + branches.prefix(8).map { types[$0.type].words }.joined(separator: ", ")
    } else {
      kind = "not of its type, \(type.words)"
    }
    let advice =
      type.logical.map { "write it as a plain \(type.kind), whatever \($0.name) means by it, or leave it away" }
      ?? "write a value of the type, or leave the default away"
    return fault(place, "the default of the field \(field.name) is \(kind)", advice)
  }

  private func matches(_ document: SchemaDocument, _ type: Int, _ patience: inout Int) -> Bool {
    patience -= 1
    guard patience > 0 else { return false }
    switch (types[type].shape, document.value) {
    case (.null, .null), (.boolean, .boolean), (.string, .string), (.float, .number), (.double, .number): return true
    case (.int, .number(let digits)): return Int32(digits) != nil
    case (.long, .number(let digits)): return Int64(digits) != nil
    case (.bytes, .string(let text)): return text.unicodeScalars.allSatisfy { $0.value <= 0xFF }
    case (.fixed(_, let size), .string(let text)):
      return text.unicodeScalars.count == size && text.unicodeScalars.allSatisfy { $0.value <= 0xFF }
    case (.enumeration(_, let enumeration), .string(let text)):
      patience -= enumeration.symbols.count
      return AvroName.isName(text) && enumeration.symbols.contains(text)
    case (.array(let items), .array(let elements)):
      return elements.allSatisfy { matches($0, items.type, &patience) }
    case (.map(let values), .object(let members)):
      return members.allSatisfy { matches($0.value, values.type, &patience) }
    case (.record(_, let fields), .object(let members)):
      // As data: no other members, and those that are missing have defaults.
      let values = Dictionary(members.map { (ForeignText($0.name), $0.value) }) { first, _ in first }
      patience -= members.count
      var known = 0
      for field in fields {
        patience -= 1
        guard let value = values[ForeignText(field.name)] else {
          if field.defaultValue == nil { return false }
          continue
        }
        known += 1
        guard matches(value, field.use.type, &patience) else { return false }
      }
      return known == values.count
    case (.union(let branches), _): return branches.contains { matches(document, $0.type, &patience) }
    default: return false
    }
  }
}

extension SchemaDocument {
  /// How many values it consists of.
  fileprivate var count: Int {
    switch value {
    case .array(let elements): elements.reduce(1) { $0 + $1.count }
    case .object(let members): members.reduce(1) { $0 + $1.value.count }
    default: 1
    }
  }
}
