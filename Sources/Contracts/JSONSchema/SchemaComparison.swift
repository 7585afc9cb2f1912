// SPDX-License-Identifier: Apache-2.0

/// Looks for what keeps a reader's schema from taking all that a writer's allows.
///
/// It is read leniently: of an object whose schema leaves it open, a writer writes no more members than its schema names.
/// What is left out on the writer's side lets more be written, and what cannot be decided on the reader's side is an
/// obstacle that is not proved; so where there is none, all is read.
struct SchemaComparison {
  /// Pairs of schemas that are compared, steps in taking them apart, and such.
  static let maximumWork = 50_000
  /// Steps in trying values and names, which are much smaller.
  static let maximumSteps = 20_000_000
  /// What they are of an ``Effort``.
  static let effortOfWork = 10
  static let stepsOfEffort = 50
  /// Pairs within each other, which bounds the stack.
  static let maximumDepth = 200

  let reader: JSONSchemaValidator
  let writer: JSONSchemaValidator
  /// Whether members that the writer's schema does not name may be there, and be anything.
  let isStrict: Bool
  var work = SchemaComparison.maximumWork
  var steps = SchemaComparison.maximumSteps
  private var depth = 0
  /// Schemas of the reader's within each other, whether they go into the data or not.
  static let maximumNesting = 500
  var nesting = 0
  private var known: [Pair: [Obstacle]] = [:]
  private var isPending: Set<Pair> = []
  /// Pairs found to be without obstacles, in that order: what rests on one that turns out to have some is forgotten.
  private var free: [Pair] = []
  var memory = CaseMemory()

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
    told.cut()
    if work <= 0 || steps <= 0, !told.contains(Self.tooLarge) { told.append(Self.tooLarge) }
    return told
  }

  static let tooLarge = Obstacle(
    "", "too large to be compared", code: .size, advice: byHand, isProved: false)

  /// What keeps a schema of the reader's from taking what several of the writer's allow together; anything, when there are
  /// none.
  mutating func compare(_ index: Int32, _ schemas: [Int32]) -> [Obstacle] {
    let node = reader.program.nodes[Int(index)]
    if node.isTrivial { return [] }
    let pair = Pair(reader: index, writer: schemas.sorted())
    work -= schemas.count / 16
    if let obstacles = known[pair] {
      charge(obstacles)
      return obstacles
    }
    // What leads back to itself goes into the data: nothing within speaks against it so far.
    guard !isPending.contains(pair) else { return [] }
    work -= 1
    guard work > 0 else { return [Self.tooLarge] }
    guard depth < Self.maximumDepth else { return [doubt(of: index)] }
    depth += 1
    isPending.insert(pair)
    let mark = free.count
    let obstacles = isUnchanged(index, schemas) ? [] : alternatives(index, node, schemas).once()
    charge(obstacles)
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

  mutating func isUnchanged(_ index: Int32, _ schemas: [Int32]) -> Bool {
    schemas.contains { schema in
      guard work > 0 else { return false }
      let limit = min(work, 2_000)
      var sameness = ProgramSameness(left: reader.program, right: writer.program, work: limit)
      let isSame = sameness.areSame(index, schema)
      work -= (limit - sameness.work) / 8
      return isSame
    }
  }

  /// Lists are copied wherever they are passed on.
  func cost(of obstacles: [Obstacle]) -> Int { obstacles.reduce(0) { $0 + 1 + $1.path.utf8.count / 256 } / 8 }

  mutating func charge(_ obstacles: [Obstacle]) { work -= cost(of: obstacles) }

  private mutating func alternatives(_ index: Int32, _ node: Program.Node, _ schemas: [Int32]) -> [Obstacle] {
    var expansion = WriterExpansion(program: writer.program, work: work)
    var alternatives = expansion.alternatives(schemas)
    if alternatives.contains(where: { $0.kinds.contains(.object) }) {
      let reachable = expansion.reachable(schemas)
      for index in alternatives.indices { expansion.noteOthers(&alternatives[index], reachable) }
    }
    work = expansion.work
    var obstacles: [Obstacle] = []
    for alternative in alternatives {
      if let constants = alternative.constants {
        obstacles += self.constants(constants, index, schemas)
        continue
      }
      for kind in Self.kinds where alternative.kinds.contains(kind) {
        let what = Case(alternative: alternative, kind: kind, schemas: schemas, number: memory.next())
        obstacles += covering(index, what)
        memory.forgetMembers(of: what)
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
    /// Which one it is of all.
    var number: Int
  }

  /// Values that are known are tried.
  private mutating func constants(_ constants: [Int32], _ index: Int32, _ schemas: [Int32]) -> [Obstacle] {
    let pool = writer.program.pool
    var obstacles: [Obstacle] = []
    for start in constants {
      work -= 1
      guard work > 0, steps > 0 else { return obstacles + [doubt(of: index)] }
      // Mostly it is the same rule that refuses them.
      for found in unsafe tried(pool.span.bytes, Int(start), index, schemas) {
        let obstacle = unsafe found.lacking(JSONPlace.shown(pool.span.bytes, Int(start)))
        if obstacles.last != obstacle { obstacles.append(obstacle) }
      }
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
  mutating func tried(_ bytes: RawSpan, _ start: Int, _ index: Int32, _ schemas: [Int32]) -> [Obstacle] {
    let (isTaken, failedText) = check(bytes, start, index, by: reader)
    guard let isTaken else { return [doubt(of: index)] }
    guard !isTaken else { return [] }
    var isWritten = true
    for schema in schemas {
      let isAllowed = check(bytes, start, schema, by: writer).isTaken
      if isAllowed == false { return [] }
      if isAllowed == nil { isWritten = false }
    }
    let found = obstacle(failedText, isProved: isWritten)
    charge([found])
    return [found]
  }

  /// Whether a schema takes a value; nil when that takes too many steps.
  mutating func check(
    _ bytes: RawSpan, _ start: Int, _ index: Int32, by validator: JSONSchemaValidator
  ) -> (isTaken: Bool?, failedText: Int32) {
    guard steps > 0 else { return (nil, -1) }
    let budget = min(steps, 1_000_000)
    var checker = SchemaChecker(validator, budget: budget)
    let end = checker.check(bytes, index, start)
    steps -= 16 + budget - checker.budget
    return (checker.isExhausted ? nil : end >= 0, checker.failedText)
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
