// SPDX-License-Identifier: Apache-2.0

/// Writes the defaults of fields, which are Avro's own JSON: of a logical type they have what it lies upon.
///
/// A union's default is of the first branch that it fits. Source: Avro 1.12, "Complex Types".
struct AvroDefaultWriting {
  /// The longest default, in bytes: defaults hold defaults, and each may hold twice what the one below it does.
  private static let longest = 1 << 20
  /// The most that all take together, in bytes.
  private static let mostTogether = 16 << 20

  private enum Trouble: Error {
    /// The value is not of the type.
    case other
    case long
    case endless
    case range
  }

  private struct Place: Hashable {
    var type: Int
    var field: Int
  }

  private let schema: AvroSchema
  private var written: [Place: [UInt8]] = [:]
  private var pending: Set<Place> = []
  private var patience = 20_000_000
  private var together = 0

  init(_ schema: AvroSchema) { self.schema = schema }

  /// The default of a record's field.
  mutating func bytes(of type: Int, _ index: Int) throws(SchemaFault) -> [UInt8] {
    do throws(Trouble) { return try bytes(at: Place(type: type, field: index)) } catch {
      guard case .record(_, let fields) = schema.types[type].shape else { return [] }
      let field = fields[index]
      let problem =
        switch error {
        case .other, .range: "is none of its type"
        case .long: "takes more than 1 MiB, or all together more than 16 MiB"
        case .endless: "holds itself without end"
        }
      throw SchemaFault(
        schema.places.pointer(field.place), line: schema.places.line(field.place),
        "the default of the field \(field.name) cannot be encoded: it \(problem)",
        advice: "mend the default, or leave it away")
    }
  }

  private mutating func bytes(at place: Place) throws(Trouble) -> [UInt8] {
    if let found = written[place] { return found }
    guard case .record(_, let fields) = schema.types[place.type].shape,
      let value = fields[place.field].defaultValue
    else { throw .other }
    guard pending.insert(place).inserted else { throw .endless }
    defer { pending.remove(place) }
    var output = AvroOutput([])
    try write(value, fields[place.field].use.type, to: &output)
    guard output.count <= Self.longest, together + output.count <= Self.mostTogether else { throw .long }
    together += output.count
    written[place] = output.bytes
    return output.bytes
  }

  private mutating func write(
    _ document: SchemaDocument, _ type: Int, to output: inout AvroOutput
  ) throws(Trouble) {
    patience -= 1
    guard output.count <= Self.longest, patience > 0 else { throw .long }
    // What a reader that knows the meaning could not take is written by nobody.
    guard schema.types[type].logical?.allows(document, on: schema.types[type].shape) ?? true else { throw .other }
    switch (schema.types[type].shape, document.value) {
    case (.null, .null): return
    case (.boolean, .boolean(let isTrue)): output.append(isTrue ? 1 : 0)
    case (.int, .number(let digits)):
      guard let value = Int32(digits) else { throw .other }
      output.long(Int64(value))
    case (.long, .number(let digits)):
      guard let value = Int64(digits) else { throw .other }
      output.long(value)
    case (.float, .number(let digits)):
      guard let value = Float(digits), value.isFinite else { throw .range }
      output.fixed(UInt64(value.bitPattern), 4)
    case (.double, .number(let digits)):
      guard let value = Double(digits), value.isFinite else { throw .range }
      output.fixed(value.bitPattern, 8)
    case (.string, .string(let text)):
      output.long(Int64(text.utf8.count))
      output.append(contentsOf: Array(text.utf8)[...])
    case (.bytes, .string(let text)):
      let octets = try Self.octets(text)
      output.long(Int64(octets.count))
      output.append(contentsOf: octets[...])
    case (.fixed(_, let size), .string(let text)):
      let octets = try Self.octets(text)
      guard octets.count == size else { throw .other }
      output.append(contentsOf: octets[...])
    case (.enumeration(_, let enumeration), .string(let text)):
      guard let index = enumeration.symbols.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }) else {
        throw .other
      }
      output.long(Int64(index))
    case (.array(let items), .array(let elements)):
      if !elements.isEmpty { output.long(Int64(elements.count)) }
      for element in elements { try write(element, items.type, to: &output) }
      output.append(0)
    case (.map(let values), .object(let members)):
      if !members.isEmpty { output.long(Int64(members.count)) }
      for member in members {
        try write(SchemaDocument(.string(member.name)), Self.string, to: &output)
        try write(member.value, values.type, to: &output)
      }
      output.append(0)
    case (.record(_, let fields), .object(let members)):
      guard members.allSatisfy({ member in fields.contains { Self.same($0.name, member.name) } }) else { throw .other }
      patience -= members.count * fields.count
      for (index, field) in fields.enumerated() {
        if let member = members.first(where: { Self.same($0.name, field.name) }) {
          try write(member.value, field.use.type, to: &output)
        } else {
          output.append(contentsOf: try bytes(at: Place(type: type, field: index))[...])
          guard output.count <= Self.longest else { throw .long }
        }
      }
    case (.union(let branches), _):
      let start = output.count
      for (index, branch) in branches.enumerated() {
        output.long(Int64(index))
        do throws(Trouble) { return try write(document, branch.type, to: &output) } catch {
          guard error == .other else { throw error }
        }
        output.truncate(start)
      }
      throw .other
    default: throw .other
    }
  }

  private static let string = AvroType.primitiveNumbers["string"] ?? 0

  /// To Swift, strings that look alike are equal.
  private static func same(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

  private static func octets(_ text: String) throws(Trouble) -> [UInt8] {
    var octets: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard let octet = UInt8(exactly: scalar.value) else { throw .other }
      octets.append(octet)
    }
    return octets
  }
}
