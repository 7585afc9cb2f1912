// SPDX-License-Identifier: Apache-2.0

/// A schema as its check runs over it: flat, with numbers for types.
struct AvroProgram: Sendable {
  enum Kind: UInt8, Sendable {
    case null, boolean, int, long, number, text, octets, fixed, enumeration, array, map, record, union
    case decimal, uuid, date, time, timestamp, localTimestamp
  }

  /// What a type is checked by.
  struct Step: Sendable {
    var kind: Kind
    /// Of an array or map: its elements' type. Of a record, an enum, a union: which one. Of a fixed: its size.
    /// Of a decimal: its precision, 0 for any. Of a time: units a day.
    var first = 0
    /// Of a decimal: its scale.
    var second = 0
  }

  struct Record: Sendable {
    /// Its fields' names.
    var names: Range<Int>
    /// How many fields have no default.
    var required: Int
  }

  struct Field: Sendable {
    var type: Int
    var isRequired: Bool
  }

  /// A union's branches, by what a value begins with.
  struct Union: Sendable {
    var byToken: [Range<Int>]
  }

  /// What a value begins with.
  enum Token: Int, CaseIterable {
    case null, boolean, number, string, object, array
  }

  /// By the numbers of types.
  var steps: [Step] = []
  var records: [Record] = []
  /// Each record's and enum's names.
  var names = NameLists()
  /// By the numbers of names; those of symbols are not used.
  var fields: [Field] = []
  var enumerations: [Range<Int>] = []
  var unions: [Union] = []
  var branches: [Int] = []
  let root: Int
  /// For words about mismatches.
  private let types: [AvroType]

  init(_ schema: AvroSchema) {
    (root, types) = (schema.root.type, schema.types)
    for type in types { steps.append(step(type)) }
    // Unions look at what their branches are.
    for (number, type) in types.enumerated() {
      guard case .union(let uses) = type.shape else { continue }
      steps[number].first = unions.count
      unions.append(
        Union(
          byToken: Token.allCases.map { token in
            let start = branches.count
            branches += uses.map(\.type).filter { Self.tokens(steps[$0].kind).contains(token) }
            return start..<branches.count
          }))
    }
  }

  private mutating func step(_ type: AvroType) -> Step {
    if let logical = type.logical, let step = Self.step(logical, type.shape) { return step }
    switch type.shape {
    case .null: return Step(kind: .null)
    case .boolean: return Step(kind: .boolean)
    case .int: return Step(kind: .int)
    case .long: return Step(kind: .long)
    case .float, .double: return Step(kind: .number)
    case .bytes: return Step(kind: .octets)
    case .string: return Step(kind: .text)
    case .array(let items): return Step(kind: .array, first: items.type)
    case .map(let values): return Step(kind: .map, first: values.type)
    case .union: return Step(kind: .union)
    case .fixed(_, let size): return Step(kind: .fixed, first: size)
    case .enumeration(_, let enumeration):
      enumerations.append(names.add(enumeration.symbols))
      fields += enumeration.symbols.map { _ in Field(type: 0, isRequired: false) }
      return Step(kind: .enumeration, first: enumerations.count - 1)
    case .record(_, let own):
      records.append(
        Record(names: names.add(own.map(\.name)), required: own.count { $0.defaultValue == nil }))
      fields += own.map { Field(type: $0.use.type, isRequired: $0.defaultValue == nil) }
      return Step(kind: .record, first: records.count - 1)
    }
  }

  private static func step(_ logical: AvroLogicalType, _ shape: AvroType.Shape) -> Step? {
    switch logical {
    case .decimal(let precision, let scale): Step(kind: .decimal, first: precision, second: scale)
    case .bigDecimal: Step(kind: .decimal)
    case .uuid: Step(kind: .uuid)
    case .date: Step(kind: .date)
    case .time(let perSecond): Step(kind: .time, first: 86_400 * perSecond)
    case .timestamp: Step(kind: .timestamp)
    case .localTimestamp: Step(kind: .localTimestamp)
    case .duration: nil
    }
  }

  private static func tokens(_ kind: Kind) -> [Token] {
    switch kind {
    case .null: [.null]
    case .boolean: [.boolean]
    case .int, .long, .number: [.number]
    case .text, .octets, .fixed, .enumeration, .uuid: [.string]
    case .decimal, .date, .time, .timestamp, .localTimestamp: [.number, .string]
    case .array: [.array]
    case .map, .record: [.object]
    case .union: []
    }
  }

  /// A rule for people.
  func words(_ rule: AvroCheck.Rule) -> String {
    switch rule {
    case .type(let number): words(type: number)
    case .missing(let type, let field):
      "\(types[type].words): the field \(name(field, of: type)) is missing and has no default"
    case .unknown(let type): "\(types[type].words): no such field"
    case .twice(let type): "\(types[type].words): a field that is there twice"
    case .deep: "more than \(AvroValidator.maximumDepth) arrays and objects lie within each other"
    case .ways: "too many ways to read it"
    case .end: "nothing behind the value"
    }
  }

  private func words(type number: Int) -> String {
    let type = types[number]
    if case .union(let branches) = type.shape {
      let list = branches.prefix(8).map { words(type: $0.type) }.joined(separator: " or ")
      return list + (branches.count > 8 ? " or \(branches.count - 8) more" : "")
    }
    if let logical = type.logical { return logical.words }
    if case .fixed(let name, let size) = type.shape { return "fixed \(name.full) of \(size) bytes" }
    return type.words
  }

  private func name(_ field: Int, of type: Int) -> String {
    guard case .record(_, let fields) = types[type].shape, steps[type].kind == .record else { return "" }
    return fields[field - records[steps[type].first].names.lowerBound].name
  }
}
