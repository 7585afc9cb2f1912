// SPDX-License-Identifier: Apache-2.0

import Octets

extension SchemaComparison {
  mutating func objects(_ index: Int32, _ node: Int32, _ what: Case) -> [Obstacle] {
    let plan = reader.program.objects[Int(index)]
    let written = WrittenMembers(what.alternative, writer.program, isStrict: isStrict)
    let isExact = what.alternative.isExact
    var obstacles: [Obstacle] = []
    var known: [ForeignText: Program.Entry] = [:]
    var tracked: [Int32: ForeignText] = [:]
    for entry in reader.program.entries[plan.entries.range] {
      let name = ForeignText(reader.program.name(entry))
      known[name] = entry
      if entry.tracked >= 0 { tracked[entry.tracked] = name }
    }
    for required in 0..<plan.required.count {
      guard let name = tracked[required], !written.required.contains(name) else { continue }
      obstacles.append(obstacle(plan.required.start + required, isProved: isExact))
    }
    let mostLeast = written.least
    if plan.least > mostLeast { obstacles.append(obstacle(plan.leastText, isProved: isExact)) }
    if plan.most < most(written) {
      obstacles.append(obstacle(plan.mostText, isProved: isExact && written.patterns.isEmpty && written.most == .max))
    }
    for name in Set(written.named.keys).union(known.keys).sorted(by: {
      $0.raw.utf8.lexicographicallyPrecedes($1.raw.utf8)
    })
    where written.mayHold(name) {
      work -= 1
      guard work > 0 else { return obstacles + [doubt(of: node)] }
      let schemas = written.named[name] ?? written.schemas(of: name, writer.program)
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
    for property in reader.program.patternProperties[plan.patterns.range]
    where reader.program.patterns[Int(property.pattern)].matches(name.raw) {
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
    if plan.names >= 0, !kinds.isEmpty { obstacles += names(plan, written) }
    return obstacles
  }

  /// Names that are not known take whatever the reader's schema for names does not refuse for certain.
  private func names(_ plan: Program.ObjectPlan, _ written: WrittenMembers) -> [Obstacle] {
    let node = reader.program.nodes[Int(plan.names)]
    return node.isTrivial ? [] : [doubt(of: plan.names)]
  }

  private mutating func dependencies(
    _ plan: Program.ObjectPlan, _ tracked: [Int32: ForeignText], _ written: WrittenMembers, _ node: Int32, _ what: Case
  ) -> [Obstacle] {
    var obstacles: [Obstacle] = []
    for dependency in reader.program.dependencies[plan.dependencies.range] {
      guard let trigger = tracked[dependency.trigger], written.mayHold(trigger) else { continue }
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
