// SPDX-License-Identifier: Apache-2.0

/// Holds a reader's schema to a writer's: whether the reader can read all that the writer may write.
///
/// Source: Avro 1.12, "Schema Resolution". Each pair of types that can meet is looked at once; then what cannot be read makes
/// the pairs unreadable that need it. So recursive types take no care, and the time is bounded by the pairs that can meet.
///
/// Where the specification leaves room, as most implementations do: names are compared without their namespaces, or a
/// writer's full name with the reader's aliases; of a reader's union any branch may read what a writer's type writes.
struct AvroResolution {
  /// A reader's and a writer's type.
  struct Pair {
    var reader: Int
    var writer: Int
  }

  /// A pair that has to be readable, or may be, and where the reader uses its type.
  struct Edge {
    var pair: Int
    var place: Int
  }

  struct Meeting {
    var pair: Pair
    /// What keeps the reader from reading, by this pair alone.
    var own: [AvroObstacle] = []
    var edges: [Edge] = []
    /// Whether one readable edge is enough, as for a reader's union; else all have to be.
    var isChoice = false
    /// Whether of a reader's union one branch takes the writer's texts and another its numbers.
    var isDivided = false
    var isUnreadable = false
    /// The meetings that have an edge to this one.
    var dependents: [Int] = []
    /// Edges of a choice that may be readable.
    var left = 0
  }

  /// How much is compared at most.
  static let maximumPatience = 2_500_000

  let reader: AvroSchema
  let writer: AvroSchema
  private(set) var meetings: [Meeting] = []
  /// The meetings' numbers, by both types' in one word.
  private var numbers: [UInt64: Int] = [:]
  var patience = AvroResolution.maximumPatience
  /// The named branches of a reader's union, by the names that they read.
  private var branchesByName: [Int: [Substring: [AvroUse]]] = [:]
  /// The fields of a writer's record, by their names.
  private var fieldsByName: [Int: [String: AvroField]] = [:]

  init(reader: AvroSchema, writer: AvroSchema) { (self.reader, self.writer) = (reader, writer) }

  mutating func obstacles() -> [Obstacle] {
    _ = meet(reader.root, writer.root.type)
    var next = 0
    while next < meetings.count, patience > 0 {
      compare(next)
      next += 1
    }
    guard patience > 0 else {
      return [
        Obstacle(
          "", "the schemas are too large to be compared", code: .size, advice: "divide them into smaller ones",
          isProved: false)
      ]
    }
    spread()
    return AvroReport(self).obstacles()
  }

  /// The number of the pair's meeting, which is made when it is met first.
  private mutating func meet(_ use: AvroUse, _ writer: Int) -> Edge {
    patience -= 1
    let pair = Pair(reader: use.type, writer: writer)
    let key = UInt64(pair.reader) << 32 | UInt64(pair.writer)
    if let number = numbers[key] { return Edge(pair: number, place: use.place) }
    numbers[key] = meetings.count
    meetings.append(Meeting(pair: pair))
    return Edge(pair: meetings.count - 1, place: use.place)
  }

  private mutating func compare(_ number: Int) {
    let pair = meetings[number].pair
    let (reading, writing) = (reader.types[pair.reader], writer.types[pair.writer])
    var own: [AvroObstacle] = []
    var edges: [Edge] = []
    switch (reading.shape, writing.shape) {
    case (_, .union(let branches)):
      for branch in branches { edges.append(meet(AvroUse(type: pair.reader, place: reading.place), branch.type)) }
    case (.union(let branches), _):
      let candidates = candidates(pair.reader, branches, writing)
      // A primitive branch without a meaning reads what it may read, whatever the others do.
      if candidates.contains(where: { isReadPlainly($0, writing) }) { break }
      meetings[number].isChoice = true
      meetings[number].isDivided = isDivided(branches, candidates, writing)
      for branch in candidates { edges.append(meet(branch, pair.writer)) }
    case (.array(let items), .array(let others)), (.map(let items), .map(let others)):
      edges.append(meet(items, others.type))
    case (.record(let name, let fields), .record(let other, _)):
      if !name.reads(other) { own.append(.name(reading, writing)) }
      let writersFields = writersFields(of: pair.writer)
      var taken: Set<String> = []
      for field in fields {
        patience -= 1 + field.aliases.count
        let aliased = field.aliases.filter { writersFields[$0] != nil && $0 != field.name }
        let matches = (writersFields[field.name] == nil ? [] : [field.name]) + aliased
        if matches.count > 1 { own.append(.ambiguous(field, matches)) }
        if let match = matches.first, let writersField = writersFields[match] {
          if !taken.insert(match).inserted { own.append(.shared(field, match)) }
          edges.append(meet(field.use, writersField.use.type))
        } else if field.defaultValue == nil {
          own.append(.missing(field))
        }
      }
    case (.enumeration(let name, let enumeration), .enumeration(let other, let others)):
      if !name.reads(other) { own.append(.name(reading, writing)) }
      patience -= enumeration.symbols.count + others.symbols.count
      let known = Set(enumeration.symbols)
      let lacking = others.symbols.filter { !known.contains($0) }
      if !lacking.isEmpty, enumeration.defaultSymbol == nil { own.append(.symbols(reading, lacking)) }
    case (.fixed(let name, let size), .fixed(let other, let writersSize)):
      if !name.reads(other) { own.append(.name(reading, writing)) }
      if size != writersSize { own.append(.size(reading, writersSize)) }
    default:
      if !Self.promotes(reading.shape, writing.shape) { own.append(.kind(reading, writing)) }
    }
    if own.isEmpty || reading.name != nil, let obstacle = AvroObstacle.meaning(reading, writing) {
      own.append(obstacle)
    }
    (meetings[number].own, meetings[number].edges, meetings[number].left) = (own, edges, edges.count)
    for edge in edges { meetings[edge.pair].dependents.append(number) }
  }

  private func isReadPlainly(_ branch: AvroUse, _ writing: AvroType) -> Bool {
    branch.type < AvroType.primitives.count && AvroObstacle.meaning(reader.types[branch.type], writing) == nil
  }

  /// Whether no branch takes all forms of a type in JSON, but each form is taken by one.
  private func isDivided(_ branches: [AvroUse], _ candidates: [AvroUse], _ writing: AvroType) -> Bool {
    guard writing.name == nil, let written = AvroJSONForm(writing),
      candidates.allSatisfy({ AvroObstacle.meaning(reader.types[$0.type], writing) != nil })
    else { return false }
    // At most eight have no name.
    let taken = branches.compactMap { branch in
      let type = reader.types[branch.type]
      return type.name == nil ? AvroJSONForm(type) : nil
    }
    return !candidates.isEmpty && taken.contains { $0.takesText(of: written) }
      && taken.contains { $0.takesNumbers(of: written) }
  }

  /// The branches of a reader's union that may read a type, by its kind and name.
  private mutating func candidates(_ union: Int, _ branches: [AvroUse], _ writing: AvroType) -> [AvroUse] {
    guard let name = writing.name else {
      patience -= branches.count
      // At most eleven kinds have no name.
      return branches.filter { branch in
        let shape = reader.types[branch.type].shape
        return Self.promotes(shape, writing.shape) || reader.types[branch.type].kind == writing.kind
      }
    }
    if branchesByName[union] == nil {
      var named: [Substring: [AvroUse]] = [:]
      named.reserveCapacity(branches.count)
      for branch in branches {
        guard let name = reader.types[branch.type].name else { continue }
        named[name.simple, default: []].append(branch)
        for alias in Set(name.aliases) where alias != name.simple { named[alias[...], default: []].append(branch) }
        patience -= 1 + name.aliases.count
      }
      branchesByName[union] = named
    }
    var named = branchesByName[union]?[name.simple] ?? []
    if !name.namespace.isEmpty { named += branchesByName[union]?[name.full[...]] ?? [] }
    patience -= named.count * 4
    let candidates = named.filter { branch in
      let type = reader.types[branch.type]
      return type.kind == writing.kind && type.name?.reads(name) == true
    }
    guard candidates.count > 1 else { return candidates }
    var known: Set<Int> = []
    return candidates.filter { known.insert($0.type).inserted }
  }

  private mutating func writersFields(of record: Int) -> [String: AvroField] {
    if let known = fieldsByName[record] { return known }
    guard case .record(_, let fields) = writer.types[record].shape else { return [:] }
    let named = Dictionary(fields.map { ($0.name, $0) }) { first, _ in first }
    fieldsByName[record] = named
    return named
  }

  /// Whether a primitive type reads another, or itself.
  private static func promotes(_ reader: AvroType.Shape, _ writer: AvroType.Shape) -> Bool {
    switch (reader, writer) {
    case (.null, .null), (.boolean, .boolean), (.int, .int), (.long, .int), (.long, .long), (.float, .int),
      (.float, .long),
      (.float, .float), (.double, .int), (.double, .long), (.double, .float), (.double, .double), (.bytes, .bytes),
      (.bytes, .string), (.string, .string), (.string, .bytes):
      true
    default: false
    }
  }

  /// Makes unreadable what needs what is.
  private mutating func spread() {
    var unreadable: [Int] = []
    for number in meetings.indices
    where !meetings[number].own.isEmpty || (meetings[number].isChoice && meetings[number].edges.isEmpty) {
      meetings[number].isUnreadable = true
      unreadable.append(number)
    }
    while let number = unreadable.popLast() {
      for dependent in meetings[number].dependents where !meetings[dependent].isUnreadable {
        meetings[dependent].left -= 1
        guard !meetings[dependent].isChoice || meetings[dependent].left == 0 else { continue }
        meetings[dependent].isUnreadable = true
        unreadable.append(dependent)
      }
    }
  }
}
