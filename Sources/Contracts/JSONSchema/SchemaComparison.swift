// SPDX-License-Identifier: Apache-2.0

/// Looks for what keeps a reader's schema from taking all that a writer's allows.
///
/// It is read leniently: of an object whose schema leaves it open, a writer writes no more members than its schema names.
/// What is left out on the writer's side lets more be written, and what cannot be decided on the reader's side is an
/// obstacle that is not proved; so where there is none, all is read.
struct SchemaComparison {
  /// Pairs of schemas that are compared, steps in taking them apart, and such.
  static let maximumWork = 50_000
  /// Pairs within each other, which bounds the stack.
  static let maximumDepth = 200

  let reader: JSONSchemaValidator
  let writer: JSONSchemaValidator
  /// Whether members that the writer's schema does not name may be there, and be anything.
  let isStrict: Bool
  var work = SchemaComparison.maximumWork
  private var depth = 0
  /// Schemas of the reader's within each other, whether they go into the data or not.
  static let maximumNesting = 500
  var nesting = 0
  private var known: [Pair: [Obstacle]] = [:]
  private var isPending: Set<Pair> = []
  /// Pairs found to be without obstacles, in that order: what rests on one that turns out to have some is forgotten.
  private var free: [Pair] = []

  struct Pair: Hashable {
    var reader: Int32
    var writer: [Int32]
  }

  init(reader: JSONSchemaValidator, writer: JSONSchemaValidator, isStrict: Bool) {
    (self.reader, self.writer, self.isStrict) = (reader, writer, isStrict)
  }

  mutating func obstacles() -> [Obstacle] {
    guard reader.program.nodes.count + writer.program.nodes.count <= Self.maximumWork else { return [Self.tooLarge] }
    let found = compare(Int32(reader.program.root), [Int32(writer.program.root)])
    var seen: Set<Obstacle> = []
    // One that is proved says all that one at the same rule says that is not.
    let proved = Set(found.filter(\.isProved).map { [$0.path, $0.rule] })
    var told = found.filter { ($0.isProved || !proved.contains([$0.path, $0.rule])) && seen.insert($0).inserted }
    if told.count > Self.maximumCount { told.removeSubrange(Self.maximumCount...) }
    if work <= 0, !told.contains(Self.tooLarge) { told.append(Self.tooLarge) }
    return told
  }

  /// Obstacles that are told; who has more has enough.
  static let maximumCount = 1_000

  private static let tooLarge = Obstacle(
    "", "too large to be compared", code: .size, advice: byHand, isProved: false)

  /// What keeps a schema of the reader's from taking what several of the writer's allow together; anything, when there are
  /// none.
  mutating func compare(_ index: Int32, _ schemas: [Int32]) -> [Obstacle] {
    let node = reader.program.nodes[Int(index)]
    if node.isTrivial { return [] }
    let pair = Pair(reader: index, writer: schemas.sorted())
    if let obstacles = known[pair] { return obstacles }
    // What leads back to itself goes into the data: nothing within speaks against it so far.
    guard !isPending.contains(pair) else { return [] }
    work -= 1
    guard work > 0 else { return [Self.tooLarge] }
    guard depth < Self.maximumDepth else { return [doubt(of: index)] }
    depth += 1
    isPending.insert(pair)
    let mark = free.count
    let obstacles = isUnchanged(index, schemas) ? [] : alternatives(index, node, schemas)
    isPending.remove(pair)
    depth -= 1
    if obstacles.isEmpty {
      free.append(pair)
    } else {
      for pair in free[mark...] { known[pair] = nil }
      free.removeSubrange(mark...)
    }
    known[pair] = obstacles
    return obstacles
  }

  private mutating func isUnchanged(_ index: Int32, _ schemas: [Int32]) -> Bool {
    schemas.contains { schema in
      var sameness = ProgramSameness(left: reader.program, right: writer.program, work: min(work, 2_000))
      let isSame = sameness.areSame(index, schema)
      work = min(work, work - (2_000 - sameness.work) / 8)
      return isSame
    }
  }

  private mutating func alternatives(_ index: Int32, _ node: Program.Node, _ schemas: [Int32]) -> [Obstacle] {
    var expansion = WriterExpansion(program: writer.program, work: work)
    var alternatives = expansion.alternatives(schemas)
    if alternatives.contains(where: { $0.kinds.contains(.object) }) {
      let reachable = expansion.reachable(schemas)
      for index in alternatives.indices { expansion.noteOthers(&alternatives[index], reachable) }
      expansion.work -= alternatives.count * reachable.count / 4
    }
    work = expansion.work
    var obstacles: [Obstacle] = []
    for alternative in alternatives {
      if let constants = alternative.constants {
        obstacles += self.constants(constants, index, schemas)
        continue
      }
      for kind in Self.kinds where alternative.kinds.contains(kind) {
        obstacles += covering(index, Case(alternative: alternative, kind: kind, schemas: schemas))
      }
    }
    return obstacles
  }

  private static let kinds: [Program.Kinds] = [.object, .array, .string, .boolean, .null, .integer, .fraction]

  /// What is written in one way, as far as it is of one kind.
  struct Case {
    var alternative: WriterAlternative
    var kind: Program.Kinds
    /// The schemas that it was made from.
    var schemas: [Int32]
  }

  /// Values that are known are tried.
  private mutating func constants(_ constants: [Int32], _ index: Int32, _ schemas: [Int32]) -> [Obstacle] {
    let pool = writer.program.pool
    var obstacles: [Obstacle] = []
    for start in constants {
      work -= 1
      if work < 0 { return obstacles + [doubt(of: index)] }
      let found = unsafe tried(pool.span.bytes, Int(start), index, schemas)
      obstacles += found.map { unsafe $0.lacking(JSONPlace.shown(pool.span.bytes, Int(start))) }
    }
    return Obstacle.joined(obstacles)
  }

  /// Tries the values of a kind that has but few.
  mutating func literals(_ literals: [StaticString], _ index: Int32, _ schemas: [Int32]) -> [Obstacle] {
    var obstacles: [Obstacle] = []
    for literal in literals {
      let text = Array(literal.description.utf8)
      obstacles += unsafe tried(text.span.bytes, 0, index, schemas)
    }
    return obstacles
  }

  /// Whether one value that the writer allows is taken.
  func tried(_ bytes: RawSpan, _ start: Int, _ index: Int32, _ schemas: [Int32]) -> [Obstacle] {
    var checker = SchemaChecker(reader, budget: 1_000_000)
    guard checker.check(bytes, index, start) < 0 else { return [] }
    guard !checker.isExhausted else { return [doubt(of: index)] }
    for schema in schemas {
      var other = SchemaChecker(writer, budget: 1_000_000)
      if other.check(bytes, schema, start) < 0, !other.isExhausted { return [] }
    }
    return [obstacle(checker.failedText, isProved: true)]
  }

  static let byHand = "compare the two by hand"

  /// Nobody can tell of a schema.
  func doubt(of index: Int32) -> Obstacle {
    let node = reader.program.nodes[Int(index)]
    return Obstacle(
      reader.program.pointer(place: node.place), "cannot be compared", code: .other, advice: Self.byHand,
      isProved: false)
  }
}
