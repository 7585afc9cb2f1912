// SPDX-License-Identifier: Apache-2.0

import Octets

/// The members that a writer may write.
struct WrittenMembers {
  /// Those that its schemas name, each with the schemas that all hold for it.
  private(set) var named: [ForeignText: [Int32]] = [:]
  private(set) var required: Set<ForeignText> = []
  /// The schemas of all others that are written; nil where none are.
  private(set) var others: [Int32]?
  /// Those of patterns, in the schemas' order.
  private(set) var patterns: [(pattern: Pattern, node: Int32)] = []
  private(set) var least: Int32 = 0
  private(set) var most = Int32.max
  /// Pairs of members of which the first needs the second.
  private(set) var needs: Set<[ForeignText]> = []
  /// Schemas that names are held to.
  let names: [Int32]
  private let validator: JSONSchemaValidator
  private let plans: [Program.ObjectPlan]
  private let entries: [[ForeignText: Int32]]

  /// It is not whole when no steps are left.
  init(_ alternative: WriterAlternative, _ validator: JSONSchemaValidator, isStrict: Bool, steps: inout Int) {
    self.validator = validator
    let program = validator.program
    let plans = alternative.nodes.compactMap { index in
      let plan = program.nodes[Int(index)].object
      return plan < 0 ? nil : program.objects[Int(plan)]
    }
    self.plans = plans
    names = plans.map(\.names).filter { $0 >= 0 && !program.nodes[Int($0)].isTrivial }
    var entries: [[ForeignText: Int32]] = []
    var isClosed = false
    var schemas: [Int32] = []
    for plan in plans {
      steps -= 64 * (1 + Int(plan.entries.count) + Int(plan.patterns.count) + Int(plan.dependencies.count))
      guard steps > 0 else { break }
      var nodes: [ForeignText: Int32] = [:]
      var tracked: [Int32: ForeignText] = [:]
      for index in plan.entries.range {
        let (entry, name) = (program.entries[index], program.names[index])
        if entry.tracked >= 0 { tracked[entry.tracked] = name }
        let isRequired = entry.tracked >= 0 && entry.tracked < plan.required.count
        if isRequired { required.insert(name) }
        if entry.node >= 0 { nodes[name] = entry.node }
        if isRequired || entry.node >= 0 { named[name] = [] }
      }
      for dependency in program.dependencies[plan.dependencies.range] where dependency.name >= 0 {
        if let first = tracked[dependency.trigger], let second = tracked[dependency.name] {
          needs.insert([first, second])
        }
      }
      entries.append(nodes)
      for property in program.patternProperties[plan.patterns.range] {
        patterns.append((program.patterns[Int(property.pattern)], property.node))
      }
      if plan.additional >= 0 {
        let node = program.nodes[Int(plan.additional)]
        if node.isFalse { isClosed = true } else if !node.isTrivial { schemas.append(plan.additional) }
      }
      least = max(least, plan.least)
      most = min(most, plan.most)
    }
    self.entries = entries
    least = max(least, Int32(required.count))
    let isFree = named.isEmpty && patterns.isEmpty
    for name in alternative.otherNames where named[name] == nil { named[name] = [] }
    // An object of which no member is named is a map of anything.
    if !isClosed, isStrict || isFree || alternative.hasOtherMembers || !schemas.isEmpty { others = schemas }
    holdToNames(steps: &steps)
    for name in named.keys where steps > 0 { named[name] = self.schemas(of: name, steps: &steps) }
  }

  /// Leaves out the names that are not allowed. Where those that are have a list, that names all there are.
  private mutating func holdToNames(steps: inout Int) {
    guard !names.isEmpty else { return }
    let program = validator.program
    for node in names {
      var expansion = WriterExpansion(program: program, work: 1_000)
      let lists = expansion.alternatives([node]).map(\.constants)
      guard lists.allSatisfy({ $0 != nil }) else { continue }
      for start in lists.compactMap(\.self).joined() where program.pool[Int(start)] == UInt8(ascii: "\"") {
        guard steps > 0 else { return }
        let end = unsafe JSONPlace.end(program.pool.span.bytes, of: Int(start))
        guard let document = try? SchemaDocument(Array(program.pool[Int(start)..<end])),
          case .string(let text) = document.value
        else { continue }
        if mayHold(ForeignText(text), steps: &steps) { named[ForeignText(text)] = [] }
      }
      (others, patterns) = (nil, [])
    }
    for name in named.keys where !isAllowed(name, steps: &steps) { named[name] = nil }
  }

  /// Whether the schemas for names allow one, as far as the steps reach that are left.
  private func isAllowed(_ name: ForeignText, steps: inout Int) -> Bool {
    var text: [UInt8] = []
    if !names.isEmpty { text.append(json: SchemaDocument(.string(name.raw))) }
    for node in names {
      guard steps > 0 else { return true }
      let budget = min(steps, 100_000)
      var checker = SchemaChecker(validator, budget: budget)
      let isValid = unsafe checker.check(text.span.bytes, node, 0) >= 0
      steps -= max(1, budget - checker.budget)
      if !isValid, !checker.isExhausted { return false }
    }
    return true
  }

  /// The schemas that all hold for a member, whether it is named or not.
  func schemas(of name: ForeignText, steps: inout Int) -> [Int32] {
    let program = validator.program
    var schemas: [Int32] = []
    for (plan, entries) in zip(plans, entries) {
      steps -= 16
      guard steps > 0 else { break }
      var isTaken = false
      if let node = entries[name] {
        schemas.append(node)
        isTaken = true
      }
      for property in program.patternProperties[plan.patterns.range]
      where program.patterns[Int(property.pattern)].matches(name.raw, budget: &steps) == true {
        schemas.append(property.node)
        isTaken = true
      }
      if !isTaken, plan.additional >= 0 { schemas.append(plan.additional) }
    }
    return schemas
  }

  /// Whether a member may be there, as long as steps are left.
  func mayHold(_ name: ForeignText, steps: inout Int) -> Bool {
    if named[name] != nil { return true }
    var isOpen = others != nil
    for (pattern, _) in patterns where !isOpen { isOpen = pattern.matches(name.raw, budget: &steps) == true }
    return isOpen && isAllowed(name, steps: &steps)
  }
}
