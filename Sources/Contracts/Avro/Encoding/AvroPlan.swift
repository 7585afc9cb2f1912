// SPDX-License-Identifier: Apache-2.0

/// A schema as its data is written in Avro's binary form: flat, with numbers for types.
struct AvroPlan: Sendable {
  enum Kind: UInt8, Sendable {
    case null, boolean, int, long, float, double, string, bytes, fixed, enumeration, array, map, record, union
    case decimal, bigDecimal, uuidText, uuidBytes, date, time, timestamp, localTimestamp
  }

  /// What a type is written by.
  struct Step: Sendable {
    var kind: Kind
    /// Of an array or map: its elements' type. Of a record, an enum, a union: which one. Of a fixed: its size. Of a decimal: its
    /// precision. Of a time or timestamp: units a second.
    var first = 0
    /// Of a decimal: its scale.
    var second = 0
    /// Of a decimal: the size of its fixed; -1 for bytes.
    var third = -1
  }

  struct Record: Sendable {
    /// Its fields' names, in their order.
    var names: Range<Int>
    /// How many fields have no default.
    var required: Int
  }

  struct Field: Sendable {
    var type: Int
    /// In `defaults`; nil where it has to be there.
    var defaultValue: Range<Int>?
  }

  /// A branch of a union.
  struct Branch: Sendable {
    var type: Int
    /// Its number in the union.
    var index: Int
  }

  /// By the numbers of types.
  private(set) var steps: [Step] = []
  private(set) var records: [Record] = []
  /// Each record's and enum's names.
  private(set) var names = NameLists()
  /// By the numbers of names; those of symbols are not used.
  private(set) var fields: [Field] = []
  private(set) var enumerations: [Range<Int>] = []
  /// Each union's branches in `branches`, by what a value begins with, as `AvroProgram.Token` counts.
  private(set) var unions: [[Range<Int>]] = []
  private(set) var branches: [Branch] = []
  /// Defaults as they are written.
  private(set) var defaults: [UInt8] = []
  let root: Int

  /// - Throws: That two branches of a union take the same JSON, or that a default cannot be written.
  init(_ schema: AvroSchema) throws(SchemaFault) {
    root = schema.root.type
    var ambiguity = AvroAmbiguity(schema)
    try ambiguity.refuse()
    for type in schema.types { steps.append(step(type)) }
    // Unions look at what their branches are.
    for (number, type) in schema.types.enumerated() {
      guard case .union(let uses) = type.shape else { continue }
      steps[number].first = unions.count
      unions.append(
        AvroProgram.Token.allCases.map { token in
          let start = branches.count
          for (index, use) in uses.enumerated() where Self.tokens(steps[use.type].kind).contains(token) {
            branches.append(Branch(type: use.type, index: index))
          }
          return start..<branches.count
        })
    }
    var writing = AvroDefaultWriting(schema)
    for (number, type) in schema.types.enumerated() {
      guard case .record(_, let own) = type.shape else { continue }
      let first = records[steps[number].first].names.lowerBound
      for (index, field) in own.enumerated() where field.defaultValue != nil {
        let start = defaults.count
        defaults += try writing.bytes(of: number, index)
        fields[first + index].defaultValue = start..<defaults.count
      }
    }
  }

  private mutating func step(_ type: AvroType) -> Step {
    if let logical = type.logical, let step = Self.step(logical, type.shape) { return step }
    switch type.shape {
    case .null: return Step(kind: .null)
    case .boolean: return Step(kind: .boolean)
    case .int: return Step(kind: .int)
    case .long: return Step(kind: .long)
    case .float: return Step(kind: .float)
    case .double: return Step(kind: .double)
    case .bytes: return Step(kind: .bytes)
    case .string: return Step(kind: .string)
    case .array(let items): return Step(kind: .array, first: items.type)
    case .map(let values): return Step(kind: .map, first: values.type)
    case .union: return Step(kind: .union)
    case .fixed(_, let size): return Step(kind: .fixed, first: size)
    case .enumeration(_, let enumeration):
      enumerations.append(names.add(enumeration.symbols))
      fields += enumeration.symbols.map { _ in Field(type: 0) }
      return Step(kind: .enumeration, first: enumerations.count - 1)
    case .record(_, let own):
      records.append(Record(names: names.add(own.map(\.name)), required: own.count { $0.defaultValue == nil }))
      fields += own.map { Field(type: $0.use.type) }
      return Step(kind: .record, first: records.count - 1)
    }
  }

  private static func step(_ logical: AvroLogicalType, _ shape: AvroType.Shape) -> Step? {
    var size = -1
    if case .fixed(_, let bytes) = shape { size = bytes }
    switch logical {
    case .decimal(let precision, let scale):
      return Step(kind: .decimal, first: precision, second: scale, third: size)
    case .bigDecimal: return Step(kind: .bigDecimal)
    case .uuid: return Step(kind: size < 0 ? .uuidText : .uuidBytes)
    case .date: return Step(kind: .date)
    case .time(let perSecond): return Step(kind: .time, first: perSecond)
    case .timestamp(let perSecond): return Step(kind: .timestamp, first: perSecond)
    case .localTimestamp(let perSecond): return Step(kind: .localTimestamp, first: perSecond)
    case .duration: return nil
    }
  }

  static func tokens(_ kind: Kind) -> [AvroProgram.Token] {
    switch kind {
    case .null: [.null]
    case .boolean: [.boolean]
    case .int, .long, .float, .double: [.number]
    case .string, .bytes, .fixed, .enumeration, .uuidText, .uuidBytes: [.string]
    case .decimal, .bigDecimal, .date, .time, .timestamp, .localTimestamp: [.number, .string]
    case .array: [.array]
    case .map, .record: [.object]
    case .union: []
    }
  }
}
