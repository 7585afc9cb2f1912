// SPDX-License-Identifier: Apache-2.0

import Octets

extension SchemaComparison {
  /// What keeps a schema of the reader's from taking a case.
  mutating func covering(_ index: Int32, _ what: Case) -> [Obstacle] {
    work -= 1
    guard work > 0, nesting < Self.maximumNesting else { return [doubt(of: index)] }
    if let obstacles = memory.obstacles(of: index, what) {
      charge(obstacles)
      return obstacles
    }
    nesting += 1
    let obstacles = coveringWhole(index, what).once()
    nesting -= 1
    charge(obstacles)
    memory.note(obstacles, of: index, what)
    return obstacles
  }

  private mutating func coveringWhole(_ index: Int32, _ what: Case) -> [Obstacle] {
    // Every rule is held to what all the writer's schemas say.
    work -= what.alternative.nodes.count / 32
    switch what.kind {
    case .null: return literals(["null"], index, what.schemas)
    case .boolean: return literals(["true", "false"], index, what.schemas)
    default: break
    }
    let node = reader.program.nodes[Int(index)]
    let isExact = what.alternative.isExact
    if node.isFalse { return [obstacle(node.typeText, isProved: isExact)] }
    guard node.kinds.contains(what.kind) else {
      if what.kind == .fraction, writesIntegersOnly(what) { return [] }
      return [obstacle(node.typeText, isProved: isExact)]
    }
    var obstacles: [Obstacle] = []
    switch what.kind {
    case .object: if node.object >= 0 { obstacles += objects(node.object, index, what) }
    case .array: if node.array >= 0 { obstacles += arrays(node.array, what) }
    case .string:
      // Each pattern is tried on some short texts.
      for rule in reader.program.rules[node.strings.range] where rule.operation == .pattern {
        steps -= 16 * reader.program.patterns[Int(rule.value)].steps.count
      }
      guard steps > 0 else { return [doubt(of: index)] }
      obstacles += strings(node, what)
    default: obstacles += numbers(node, what)
    }
    if what.kind == .object, node.unevaluatedProperties >= 0, !isTrivial(node.unevaluatedProperties) {
      obstacles += [
        Obstacle(
          reader.program.pointer(place: node.place) + "/unevaluatedProperties", "unevaluatedProperties",
          code: .member, advice: Self.byHand, isProved: false)
      ]
    }
    if what.kind == .array, node.unevaluatedItems >= 0, !isTrivial(node.unevaluatedItems) {
      obstacles += [
        Obstacle(
          reader.program.pointer(place: node.place) + "/unevaluatedItems", "unevaluatedItems", code: .array,
          advice: Self.byHand, isProved: false)
      ]
    }
    for rule in reader.program.rules[node.any.range] { obstacles += covering(rule, what) }
    return isExact ? obstacles : obstacles.doubted()
  }

  private func isTrivial(_ index: Int32) -> Bool { reader.program.nodes[Int(index)].isTrivial }

  private mutating func covering(_ rule: Program.Rule, _ what: Case) -> [Obstacle] {
    let schemas = rule.operation.holdsSchemas ? reader.program.schemas[rule.slice.range] : []
    switch rule.operation {
    case .ref: return covering(rule.value, what)
    case .allOf: return schemas.flatMap { covering($0, what) }
    case .anyOf: return coveringAny(schemas, rule, what)
    case .oneOf:
      for (index, schema) in zip(schemas.indices, schemas) where covering(schema, what).isEmpty {
        // No other may take any of it.
        for (other, schema) in zip(schemas.indices, schemas) where other != index && !isDisjoint(schema, what) {
          return [obstacle(rule.text, isProved: false)]
        }
        return []
      }
      return coveringAny(schemas, rule, what)
    case .not: return isDisjoint(rule.value, what) ? [] : [obstacle(rule.text, isProved: false)]
    case .condition:
      let chosen = schemas.dropFirst().filter { $0 >= 0 }
      return chosen.flatMap { covering($0, what) }.doubted()
    case .const, .enum: return [obstacle(rule.text, isProved: isUnbounded(what))]
    default: return [obstacle(rule.text, isProved: false)]
    }
  }

  private mutating func coveringAny(_ schemas: ArraySlice<Int32>, _ rule: Program.Rule, _ what: Case) -> [Obstacle] {
    var candidates: [[Obstacle]] = []
    for schema in schemas {
      let obstacles = covering(schema, what)
      if obstacles.isEmpty { return [] }
      if reader.program.nodes[Int(schema)].kinds.contains(what.kind) { candidates.append(obstacles) }
    }
    switch candidates.count {
    case 0:
      return [
        obstacle(rule.text, isProved: what.alternative.isExact && !(what.kind == .fraction && writesIntegersOnly(what)))
      ]
    case 1: return candidates[0]
    // They may take it together.
    default: return [obstacle(rule.text, isProved: false)]
    }
  }

  /// Whether a schema of the reader's surely takes nothing of a case.
  private mutating func isDisjoint(_ index: Int32, _ what: Case, depth: Int = 0) -> Bool {
    if let isDisjoint = memory.isDisjoint(index, what) { return isDisjoint }
    work -= 1
    guard work > 0 else { return false }
    let isDisjoint = takesNothing(index, what, depth)
    memory.note(isDisjoint: isDisjoint, index, what)
    return isDisjoint
  }

  private mutating func takesNothing(_ index: Int32, _ what: Case, _ depth: Int) -> Bool {
    let node = reader.program.nodes[Int(index)]
    if node.isFalse || !node.kinds.contains(what.kind) { return true }
    guard depth < 20 else { return false }
    for rule in reader.program.rules[node.any.range] {
      switch rule.operation {
      case .ref: if isDisjoint(rule.value, what, depth: depth + 1) { return true }
      case .allOf:
        for schema in reader.program.schemas[rule.slice.range] where isDisjoint(schema, what, depth: depth + 1) {
          return true
        }
      default: break
      }
    }
    return what.kind == .object && node.object >= 0 && isToldApart(reader.program.objects[Int(node.object)], what)
  }

  /// Whether a member that is always written has but values that an object's schema does not take.
  private mutating func isToldApart(_ plan: Program.ObjectPlan, _ what: Case) -> Bool {
    let pool = writer.program.pool
    guard let members = members(of: what) else { return false }
    for index in plan.entries.range where reader.program.entries[index].node >= 0 {
      let (entry, name) = (reader.program.entries[index], reader.program.names[index])
      steps -= 16
      guard members.required.contains(name), let schemas = members.named[name] else { continue }
      for schema in schemas {
        for rule in writer.program.rules[writer.program.nodes[Int(schema)].any.range]
        where rule.operation == .const || rule.operation == .enum {
          let isRefused = writer.program.constants[rule.slice.range].allSatisfy { start in
            unsafe check(pool.span.bytes, Int(start), entry.node, by: reader).isTaken == false
          }
          if isRefused { return true }
        }
      }
    }
    return false
  }

  /// The members that a case has; nil when it takes too many steps to tell.
  mutating func members(of what: Case) -> WrittenMembers? {
    if let members = memory.members(of: what) { return members }
    let members = WrittenMembers(what.alternative, writer, isStrict: isStrict, steps: &steps)
    guard steps > 0 else { return nil }
    memory.note(members, of: what)
    return members
  }

  /// Whether surely more values are written than any list holds.
  private func isUnbounded(_ what: Case) -> Bool {
    guard what.alternative.isExact else { return false }
    return what.alternative.nodes.allSatisfy { index in
      let node = writer.program.nodes[Int(index)]
      switch what.kind {
      case .string: return node.strings.isEmpty
      case .integer, .fraction: return node.numbers.isEmpty
      case .object: return node.object < 0
      default: return node.array < 0
      }
    }
  }
}
