// SPDX-License-Identifier: Apache-2.0

/// Looks for unions of which two branches take the same JSON, which says no word about the branch that is meant.
///
/// Two types meet where some JSON is of both. Of types that hold others that depends on these: what meets grows from what is
/// plain until nothing more is found, so that only JSON that has an end counts.
struct AvroAmbiguity {
  private struct Pair: Hashable {
    var one: Int
    var other: Int

    init(_ one: Int, _ other: Int) { (self.one, self.other) = (min(one, other), max(one, other)) }
  }

  /// As many looks at pairs are made; what is not known by then is taken to meet.
  private static let patience = 2_000_000

  private let schema: AvroSchema
  private var pairs: [Pair] = []
  private var known: Set<Pair> = []
  private var meeting: Set<Pair> = []
  private var looks = 0

  init(_ schema: AvroSchema) { self.schema = schema }

  /// - Throws: The first union that has two such branches, and where it is.
  mutating func refuse() throws(SchemaFault) {
    for type in schema.types {
      guard case .union(let branches) = type.shape else { continue }
      for (index, one) in branches.enumerated() {
        for other in branches[..<index] { add(Pair(one.type, other.type)) }
      }
    }
    grow()
    for type in schema.types {
      guard case .union(let branches) = type.shape else { continue }
      for (index, other) in branches.enumerated() {
        for one in branches[..<index] where meeting.contains(Pair(one.type, other.type)) {
          throw SchemaFault(
            schema.places.pointer(type.place), line: schema.places.line(type.place),
            "the union cannot be encoded: some JSON is both \(words(one)) and \(words(other)), and none says which",
            advice: "leave one of the two out, or give each a record of its own whose required fields have other names")
        }
      }
    }
    guard looks < Self.patience else {
      throw SchemaFault("", "its unions are too many to be told apart", advice: "make them fewer")
    }
  }

  private func words(_ use: AvroUse) -> String { schema.types[use.type].meaningWords }

  /// Adds a pair, and those that it depends on.
  private mutating func add(_ first: Pair) {
    var waiting = [first]
    while let pair = waiting.popLast(), looks < Self.patience {
      guard known.insert(pair).inserted else { continue }
      looks += 1
      pairs.append(pair)
      waiting += needed(pair)
    }
  }

  private mutating func grow() {
    var hasGrown = true
    while hasGrown {
      hasGrown = false
      for pair in pairs where !meeting.contains(pair) {
        looks += 1
        guard looks < Self.patience else { return }
        guard meets(pair) else { continue }
        meeting.insert(pair)
        hasGrown = true
      }
    }
  }

  /// On which pairs it depends whether one meets.
  private mutating func needed(_ pair: Pair) -> [Pair] {
    switch (schema.types[pair.one].shape, schema.types[pair.other].shape) {
    case (.union(let branches), _):
      looks += branches.count
      return branches.map { Pair($0.type, pair.other) }
    case (_, .union(let branches)):
      looks += branches.count
      return branches.map { Pair(pair.one, $0.type) }
    case (.record(_, let fields), .map(let values)), (.map(let values), .record(_, let fields)):
      looks += fields.count
      return fields.filter { $0.defaultValue == nil }.map { Pair($0.use.type, values.type) }
    case (.record(_, let fields), .record(_, let others)):
      looks += fields.count + others.count
      return common(fields, others) ?? []
    default: return []
    }
  }

  /// The pairs of fields that a value of two records would have; nil where a field of one has to be there and the other has none.
  private func common(_ fields: [AvroField], _ others: [AvroField]) -> [Pair]? {
    let byName = Dictionary(others.map { ($0.name, $0) }) { first, _ in first }
    let names = Set(fields.map(\.name))
    guard !others.contains(where: { $0.defaultValue == nil && !names.contains($0.name) }) else { return nil }
    var pairs: [Pair] = []
    for field in fields {
      guard let other = byName[field.name] else {
        if field.defaultValue == nil { return nil }
        continue
      }
      if field.defaultValue == nil || other.defaultValue == nil { pairs.append(Pair(field.use.type, other.use.type)) }
    }
    return pairs
  }

  /// Whether some JSON is of both, by what is known of the pairs that it depends on.
  private func meets(_ pair: Pair) -> Bool {
    let (one, other) = (schema.types[pair.one], schema.types[pair.other])
    switch (one.shape, other.shape) {
    case (.union(let branches), _): return branches.contains { meeting.contains(Pair($0.type, pair.other)) }
    case (_, .union(let branches)): return branches.contains { meeting.contains(Pair(pair.one, $0.type)) }
    case (.null, .null), (.boolean, .boolean): return true
    // Both may be empty.
    case (.array, .array), (.map, .map): return true
    case (.record(_, let fields), .map(let values)), (.map(let values), .record(_, let fields)):
      return fields.allSatisfy { $0.defaultValue != nil || meeting.contains(Pair($0.use.type, values.type)) }
    case (.record(_, let fields), .record(_, let others)):
      guard let pairs = common(fields, others) else { return false }
      return pairs.allSatisfy(meeting.contains)
    default: break
    }
    // Every type that takes numbers takes 0.
    return Self.takesNumbers(one) && Self.takesNumbers(other) || AvroTexts(one).meet(AvroTexts(other))
  }

  private static func takesNumbers(_ type: AvroType) -> Bool {
    switch type.shape {
    case .float, .double, .int, .long: true
    case .bytes, .fixed:
      switch type.logical {
      case .decimal, .bigDecimal: true
      default: false
      }
    default: false
    }
  }
}

/// Which strings of JSON a type takes.
private enum AvroTexts {
  case none, any, octets
  case octetsOf(Int)
  case symbols([String])
  case uuid, date, time, timestamp, localTimestamp, decimal

  init(_ type: AvroType) {
    switch type.logical {
    case .uuid: self = .uuid
    case .date: self = .date
    case .time: self = .time
    case .timestamp: self = .timestamp
    case .localTimestamp: self = .localTimestamp
    case .decimal, .bigDecimal: self = .decimal
    case .duration, nil:
      switch type.shape {
      case .string: self = .any
      case .bytes: self = .octets
      case .fixed(_, let size): self = .octetsOf(size)
      case .enumeration(_, let enumeration): self = .symbols(enumeration.symbols)
      default: self = .none
      }
    }
  }

  func meet(_ other: AvroTexts) -> Bool {
    switch (self, other) {
    case (.none, _), (_, .none): false
    case (.symbols(let symbols), _) where symbols.isEmpty: false
    case (_, .symbols(let symbols)) where symbols.isEmpty: false
    case (.any, _), (_, .any), (.octets, _), (_, .octets): true
    case (.octetsOf(let size), .octetsOf(let another)): size == another
    case (.octetsOf(let size), .symbols(let symbols)), (.symbols(let symbols), .octetsOf(let size)):
      symbols.contains { $0.utf8.count == size }
    case (.symbols(let symbols), .symbols(let others)): !Set(symbols).isDisjoint(with: others)
    case (.octetsOf(let size), let form), (let form, .octetsOf(let size)): form.hasText(of: size)
    case (.uuid, .uuid), (.date, .date), (.time, .time), (.timestamp, .timestamp), (.decimal, .decimal): true
    case (.localTimestamp, .localTimestamp): true
    // A name is neither a date nor a number, and each of the others has a form of its own.
    default: false
    }
  }

  /// Whether one of its texts has so many characters.
  private func hasText(of size: Int) -> Bool {
    switch self {
    case .uuid: size == 36
    case .date: size == 10
    case .time: size == 8 || size >= 10
    case .localTimestamp: size == 19 || size >= 21
    case .timestamp: size == 20 || size >= 22
    case .decimal: size >= 1
    case .none, .any, .octets, .octetsOf, .symbols: true
    }
  }
}
