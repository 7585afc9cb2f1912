// SPDX-License-Identifier: Apache-2.0

/// How large data can be that a schema takes. It is read leniently: members that it does not name do not count.
struct SchemaLargest {
  /// Schemas within each other.
  private static let deepest = 200

  private let program: Program
  private var known: [Int32: LargestData] = [:]
  private var pending: Set<Int32> = []

  static func of(_ program: Program) -> LargestData {
    var largest = SchemaLargest(program: program)
    return largest.of(Int32(program.root))
  }

  private init(program: Program) { self.program = program }

  private mutating func of(_ index: Int32) -> LargestData {
    if let found = known[index] { return found }
    let node = program.nodes[Int(index)]
    guard pending.count < Self.deepest, pending.insert(index).inserted else { return unbounded(node) }
    defer { pending.remove(index) }
    var found = node.isFalse ? .bytes(0) : byKind(node)
    for rule in program.rules[node.any.range] {
      let schemas = rule.operation.holdsSchemas ? program.schemas[rule.slice.range] : []
      switch rule.operation {
      case .const, .enum: found = found.and(constants(rule))
      case .ref: found = found.and(of(rule.value))
      case .allOf: for schema in schemas { found = found.and(of(schema)) }
      case .anyOf, .oneOf: found = found.and(schemas.reduce(.bytes(0)) { $0.or(of($1)) })
      default: break
      }
    }
    known[index] = found
    return found
  }

  private mutating func byKind(_ node: Program.Node) -> LargestData {
    var found = LargestData.bytes(node.kinds.isDisjoint(with: .number) ? 5 : 24)
    if node.kinds.contains(.object) { found = found.or(object(node)) }
    if node.kinds.contains(.array) { found = found.or(array(node)) }
    if node.kinds.contains(.string) { found = found.or(string(node)) }
    return found
  }

  private func string(_ node: Program.Node) -> LargestData {
    let lengths = program.rules[node.strings.range].filter { $0.operation == .maxLength }.map(\.value)
    guard let length = lengths.min() else { return unbounded(node) }
    // A character is up to six bytes, as an escape.
    return LargestData.bytes(6).times(Int(length)) + .bytes(2)
  }

  private mutating func array(_ node: Program.Node) -> LargestData {
    guard node.array >= 0 else { return unbounded(node) }
    let plan = program.arrays[Int(node.array)]
    let prefix = program.schemas[plan.prefix.range]
    var found = LargestData.bytes(2)
    for schema in prefix.prefix(Int(plan.most)) { found = found + of(schema) + .bytes(1) }
    let more = Int(plan.most) - prefix.count
    if more <= 0 || plan.items >= 0 && program.nodes[Int(plan.items)].isFalse { return found }
    guard plan.most < .max, plan.items >= 0 else { return unbounded(node) }
    return found + (of(plan.items) + .bytes(1)).times(more)
  }

  private mutating func object(_ node: Program.Node) -> LargestData {
    guard node.object >= 0 else { return unbounded(node) }
    let plan = program.objects[Int(node.object)]
    var found = LargestData.bytes(2)
    var names = 0
    for entry in program.entries[plan.entries.range] {
      if entry.node >= 0, program.nodes[Int(entry.node)].isFalse { continue }
      // One that is required and nowhere described may be anything.
      guard entry.node >= 0 else { return unbounded(node) }
      found = found + .bytes(Int(entry.name.count) + 4) + of(entry.node)
      names += 1
    }
    let rest = plan.additional < 0 ? nil : program.nodes[Int(plan.additional)]
    let isClosed = rest?.isFalse == true && plan.patterns.isEmpty
    let isDescribed = rest.map { !$0.isFalse && !$0.isTrivial } == true || !plan.patterns.isEmpty
    return isClosed || names > 0 && !isDescribed ? found : unbounded(node)
  }

  private func constants(_ rule: Program.Rule) -> LargestData {
    let lengths = program.constants[rule.slice.range].map { start in
      unsafe JSONPlace.end(program.pool.span.bytes, of: Int(start)) - Int(start)
    }
    return .bytes(lengths.max() ?? 0)
  }

  private func unbounded(_ node: Program.Node) -> LargestData { .unbounded(program.pointer(place: node.place)) }
}
