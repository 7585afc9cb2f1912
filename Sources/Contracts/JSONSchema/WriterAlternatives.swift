// SPDX-License-Identifier: Apache-2.0

import Octets

/// One way in which what a writer may write looks: schemas that all hold for it, without combinations.
///
/// What is left out makes it hold more than is written, so whoever reads it reads what is written too.
struct WriterAlternative {
  /// Schemas whose own keywords hold.
  var nodes: [Int32] = []
  var kinds = Program.Kinds.all
  /// The only values, where they begin in the pool; nil when there are others.
  var constants: [Int32]?
  /// Whether nothing was left out, so all that it holds may be written.
  var isExact = true
  /// Members that only schemas name which were left out: whatever is written there may be anything.
  var otherNames: Set<ForeignText> = []
  /// Whether schemas that were left out allow members that have no names.
  var hasOtherMembers = false

  mutating func formIntersection(_ other: WriterAlternative) {
    nodes += other.nodes
    kinds.formIntersection(other.kinds)
    if let more = other.constants, more.count < constants?.count ?? .max { constants = more }
    isExact = isExact && other.isExact
  }
}

/// Takes schemas apart into alternatives.
struct WriterExpansion {
  static let maximumCount = 64

  let program: Program
  /// Steps that are left.
  var work: Int

  /// What schemas allow that all hold.
  mutating func alternatives(_ nodes: [Int32]) -> [WriterAlternative] {
    var base = WriterAlternative()
    var pending = nodes
    var choices: [Program.Rule] = []
    var seen: Set<Int32> = []
    while let index = pending.popLast() {
      guard seen.insert(index).inserted else { continue }
      work -= 1
      let node = program.nodes[Int(index)]
      if node.isFalse { return [] }
      base.nodes.append(index)
      base.kinds.formIntersection(node.kinds)
      if node.unevaluatedItems >= 0 || node.unevaluatedProperties >= 0 { base.isExact = false }
      if node.object >= 0, !program.objects[Int(node.object)].dependencies.isEmpty { base.isExact = false }
      for rule in program.rules[node.any.range] {
        switch rule.operation {
        case .ref: pending.append(rule.value)
        case .allOf: pending += program.schemas[rule.slice.range]
        case .anyOf, .oneOf: choices.append(rule)
        case .const, .enum:
          let constants = Array(program.constants[rule.slice.range])
          if constants.count < base.constants?.count ?? .max { base.constants = constants }
        default: base.isExact = false
        }
      }
    }
    var alternatives = [base]
    defer { work -= alternatives.count }
    for choice in choices { alternatives = product(alternatives, choice) }
    return alternatives.filter { !$0.kinds.isEmpty }
  }

  private mutating func product(_ left: [WriterAlternative], _ choice: Program.Rule) -> [WriterAlternative] {
    var right: [WriterAlternative] = []
    var isTooMuch = false
    var taken: Program.Kinds = []
    var areDisjoint = true
    for branch in program.schemas[choice.slice.range] {
      guard work > 0, left.count * right.count <= Self.maximumCount else {
        isTooMuch = true
        break
      }
      let inner = alternatives([branch])
      let kinds = inner.reduce(into: Program.Kinds()) { $0.formUnion($1.kinds) }
      if !taken.isDisjoint(with: kinds) { areDisjoint = false }
      taken.formUnion(kinds)
      right += inner
    }
    if isTooMuch || left.count * right.count > Self.maximumCount {
      return left.map { alternative in
        var alternative = alternative
        alternative.isExact = false
        return alternative
      }
    }
    // Each has the schemas of both.
    let nodes = (left.first?.nodes.count ?? 0) + (right.first?.nodes.count ?? 0)
    work -= left.count * right.count * (1 + nodes / 32)
    return left.flatMap { one in
      right.map { other in
        var both = one
        both.formIntersection(other)
        // What two of oneOf take is not written.
        if choice.operation == .oneOf, !areDisjoint { both.isExact = false }
        return both
      }
    }
  }

  /// All schemas that may be applied to what schemas are applied to, the ones that are left out too.
  mutating func reachable(_ nodes: [Int32]) -> Set<Int32> {
    var seen: Set<Int32> = []
    var pending = nodes
    while let index = pending.popLast() {
      guard index >= 0, seen.insert(index).inserted else { continue }
      work -= 1
      let node = program.nodes[Int(index)]
      for rule in program.rules[node.any.range] {
        if rule.operation.holdsSchemas { work -= Int(rule.slice.count) / 16 }
        switch rule.operation {
        case .ref, .not: pending.append(rule.value)
        case .dynamicRef:
          pending.append(program.dynamicTargets[Int(rule.value)].usual)
          pending += program.dynamicTargets[Int(rule.value)].byResource.values
        case .allOf, .anyOf, .oneOf, .condition: pending += program.schemas[rule.slice.range]
        default: break
        }
      }
      if node.object >= 0 {
        pending += program.dependencies[program.objects[Int(node.object)].dependencies.range].map(\.node)
      }
    }
    return seen
  }

  /// Notes what an alternative leaves out that schemas say of members.
  mutating func noteOthers(_ alternative: inout WriterAlternative, _ reachable: Set<Int32>) {
    let own = Set(alternative.nodes)
    work -= own.count / 16 + reachable.count / 8
    for index in reachable where work > 0 {
      let node = program.nodes[Int(index)]
      if node.unevaluatedProperties >= 0 {
        let rest = program.nodes[Int(node.unevaluatedProperties)]
        if !rest.isFalse, !rest.isTrivial { alternative.hasOtherMembers = true }
      }
      guard node.object >= 0, !own.contains(index) else { continue }
      let plan = program.objects[Int(node.object)]
      work -= Int(plan.entries.count) / 8
      alternative.otherNames.formUnion(program.names[plan.entries.range])
      let additional = plan.additional < 0 ? Program.Node() : program.nodes[Int(plan.additional)]
      if !plan.patterns.isEmpty || !additional.isFalse && !additional.isTrivial { alternative.hasOtherMembers = true }
    }
  }
}
