// SPDX-License-Identifier: Apache-2.0

import Octets

extension SchemaComparison {
  mutating func objects(_ index: Int32, _ node: Int32, _ what: Case) -> [Obstacle] {
    let plan = reader.program.objects[Int(index)]
    steps -= 64 * Int(plan.entries.count)
    guard let written = members(of: what) else { return [doubt(of: node)] }
    let isExact = what.alternative.isExact
    var obstacles: [Obstacle] = []
    var known: [ForeignText: Program.Entry] = [:]
    var tracked: [Int32: ForeignText] = [:]
    for index in plan.entries.range {
      let (entry, name) = (reader.program.entries[index], reader.program.names[index])
      known[name] = entry
      if entry.tracked >= 0 { tracked[entry.tracked] = name }
    }
    for required in 0..<plan.required.count {
      guard let name = tracked[required], !written.required.contains(name) else { continue }
      obstacles.append(obstacle(plan.required.start + required, isProved: isExact))
      if obstacles.count == [Obstacle].maximumCount { break }
    }
    let mostLeast = written.least
    if plan.least > mostLeast { obstacles.append(obstacle(plan.leastText, isProved: isExact)) }
    if plan.most < most(written) {
      obstacles.append(
        obstacle(
          plan.mostText, isProved: isExact && written.patterns.isEmpty && written.most == .max && written.names.isEmpty)
      )
    }
    for name in Set(written.named.keys).union(known.keys).sorted(by: {
      $0.raw.utf8.lexicographicallyPrecedes($1.raw.utf8)
    }) {
      let mayHold = written.mayHold(name, steps: &steps)
      guard work > 0, steps > 0 else { return obstacles + [doubt(of: node)] }
      guard mayHold else { continue }
      work -= 1
      let schemas = written.named[name] ?? written.schemas(of: name, steps: &steps)
      guard steps > 0 else { return obstacles + [doubt(of: node)] }
      obstacles += member(name, known[name]?.node ?? -1, plan, schemas, isNamed: written.named[name] != nil)
    }
    obstacles += others(plan, written)
    obstacles += dependencies(plan, tracked, written, node, what)
    return obstacles
  }

  /// The most members that are written.
  private func most(_ written: WrittenMembers) -> Int32 {
    let bound = written.others == nil && written.patterns.isEmpty ? Int32(clamping: written.named.count) : Int32.max
    return min(written.most, bound)
  }

  /// Whether one member is taken, by the schemas that the reader has for it.
  private mutating func member(
    _ name: ForeignText, _ node: Int32, _ plan: Program.ObjectPlan, _ schemas: [Int32], isNamed: Bool
  ) -> [Obstacle] {
    var obstacles: [Obstacle] = []
    var isTaken = node >= 0
    if node >= 0 {
      obstacles += compare(node, schemas)
      if !isNamed { obstacles = obstacles.map(Self.asLeftOpen) }
    }
    for property in reader.program.patternProperties[plan.patterns.range] {
      guard let isMatch = reader.program.patterns[Int(property.pattern)].matches(name.raw, budget: &steps) else {
        return obstacles + [Self.tooLarge]
      }
      guard isMatch else { continue }
      isTaken = true
      obstacles += compare(property.node, schemas)
    }
    if !isTaken, plan.additional >= 0 {
      let found = compare(plan.additional, schemas)
      if reader.program.nodes[Int(plan.additional)].isFalse, let first = found.first {
        obstacles.append(
          Obstacle(
            first.path, "additionalProperties: false: \(ForeignText(name.shortened(to: 64)))",
            code: .member,
            advice: first.isProved
              ? "let the reader ignore members that it does not know, or name this one" : Self.byHand,
            writersAdvice: first.isProved ? "leave this member out" : Self.byHand, isProved: first.isProved))
      } else {
        obstacles += found
      }
    }
    if plan.names >= 0 {
      var text: [UInt8] = []
      text.append(json: SchemaDocument(.string(name.raw)))
      obstacles += unsafe tried(text.span.bytes, 0, plan.names, [])
    }
    return obstacles
  }

  /// What the writer leaves open without naming it may be anything, if that is how it is read.
  private static func asLeftOpen(_ obstacle: Obstacle) -> Obstacle {
    guard obstacle.isProved else { return obstacle }
    var obstacle = obstacle
    obstacle.advice = "the writer leaves this member open, so it may be anything: leave it out, or set strict: false"
    obstacle.writersAdvice = "name the member in the newer version, or set strict: false"
    return obstacle
  }

  /// Whether members are taken that the writer writes without naming them.
  private mutating func others(_ plan: Program.ObjectPlan, _ written: WrittenMembers) -> [Obstacle] {
    var kinds: [(text: String?, schemas: [Int32])] = written.patterns.map { ($0.pattern.text, [$0.node]) }
    if let others = written.others { kinds.append((nil, others)) }
    var obstacles: [Obstacle] = []
    for kind in kinds {
      var isTaken = false
      for property in reader.program.patternProperties[plan.patterns.range] {
        work -= 1
        guard work > 0 else { return obstacles + [Self.tooLarge] }
        let pattern = reader.program.patterns[Int(property.pattern)]
        if let text = kind.text, pattern.text.utf8.elementsEqual(text.utf8) {
          isTaken = true
          obstacles += compare(property.node, kind.schemas)
        } else {
          // Whether any name is meant by both is not known.
          obstacles += compare(property.node, kind.schemas).doubted()
        }
      }
      if !isTaken, plan.additional >= 0 {
        let found = compare(plan.additional, kind.schemas)
        obstacles += kind.text == nil && plan.patterns.isEmpty ? found : found.doubted()
      }
    }
    // Which names are left is not looked at.
    if !written.names.isEmpty { obstacles = obstacles.doubted() }
    if plan.names >= 0, !kinds.isEmpty { obstacles += names(plan.names, written.names).doubted() }
    return obstacles
  }

  /// What keeps a schema for names from taking those that others allow.
  private mutating func names(_ index: Int32, _ schemas: [Int32]) -> [Obstacle] {
    if reader.program.nodes[Int(index)].isTrivial || isUnchanged(index, schemas) { return [] }
    var expansion = WriterExpansion(program: writer.program, work: work)
    let alternatives = expansion.alternatives(schemas)
    work = expansion.work
    var obstacles: [Obstacle] = []
    for alternative in alternatives where alternative.kinds.contains(.string) {
      obstacles += covering(
        index, Case(alternative: alternative, kind: .string, schemas: schemas, number: memory.next()))
    }
    return obstacles
  }

  private mutating func dependencies(
    _ plan: Program.ObjectPlan, _ tracked: [Int32: ForeignText], _ written: WrittenMembers, _ node: Int32, _ what: Case
  ) -> [Obstacle] {
    var obstacles: [Obstacle] = []
    for dependency in reader.program.dependencies[plan.dependencies.range] {
      guard let trigger = tracked[dependency.trigger] else { continue }
      let mayHold = written.mayHold(trigger, steps: &steps)
      guard steps > 0 else { return obstacles + [doubt(of: node)] }
      guard mayHold else { continue }
      if dependency.name >= 0 {
        guard let name = tracked[dependency.name], !written.required.contains(name),
          !written.needs.contains([trigger, name])
        else { continue }
        obstacles.append(obstacle(dependency.text, isProved: what.alternative.isExact))
      }
      if dependency.node >= 0 { obstacles += covering(dependency.node, what).doubted() }
    }
    return obstacles
  }
}
