// SPDX-License-Identifier: Apache-2.0

extension SchemaComparison {
  mutating func arrays(_ index: Int32, _ what: Case) -> [Obstacle] {
    let plan = reader.program.arrays[Int(index)]
    let written = what.alternative.nodes.compactMap { index -> Program.ArrayPlan? in
      let array = writer.program.nodes[Int(index)].array
      return array < 0 ? nil : writer.program.arrays[Int(array)]
    }
    let isExact = what.alternative.isExact && written.allSatisfy { $0.contains < 0 }
    let least = written.map(\.least).max() ?? 0
    let most = written.map(\.most).min() ?? .max
    let isUnique = written.contains { $0.uniqueText >= 0 }
    var obstacles: [Obstacle] = []
    if plan.least > least { obstacles.append(obstacle(plan.leastText, isProved: isExact)) }
    if plan.most < most { obstacles.append(obstacle(plan.mostText, isProved: isExact && !isUnique && isOpen(written))) }
    if plan.uniqueText >= 0, !isUnique, most > 1 {
      obstacles.append(obstacle(plan.uniqueText, isProved: isExact && isOpen(written)))
    }
    let prefix = max(plan.prefix.count, written.map(\.prefix.count).max() ?? 0)
    // What stands before the end of both lists, then what may follow.
    for place in 0...prefix where place < most {
      work -= 1 + written.count / 32
      guard work > 0 else { return obstacles + [obstacle(-1, isProved: false)] }
      let node = place < plan.prefix.count ? reader.program.schemas[Int(plan.prefix.start + place)] : plan.items
      guard node >= 0 else { continue }
      obstacles += compare(node, schemas(written, at: place))
    }
    return obstacles + contained(plan, written, least, most, prefix)
  }

  /// The schemas that all hold for an item.
  private func schemas(_ written: [Program.ArrayPlan], at place: Int32) -> [Int32] {
    written.compactMap { plan in
      let node = place < plan.prefix.count ? writer.program.schemas[Int(plan.prefix.start + place)] : plan.items
      return node < 0 ? nil : node
    }
  }

  /// Whether surely any number of items may follow each other, equal ones too.
  private func isOpen(_ written: [Program.ArrayPlan]) -> Bool {
    written.allSatisfy { plan in
      plan.prefix.isEmpty && (plan.items < 0 || !writer.program.nodes[Int(plan.items)].isFalse)
    }
  }

  private mutating func contained(
    _ plan: Program.ArrayPlan, _ written: [Program.ArrayPlan], _ least: Int32, _ most: Int32, _ prefix: Int32
  ) -> [Obstacle] {
    guard plan.contains >= 0 else { return [] }
    var obstacles: [Obstacle] = []
    let same = written.filter { other in
      guard other.contains >= 0, work > 0 else { return false }
      return isUnchanged(plan.contains, [other.contains])
    }
    if plan.leastContained > 0, !same.contains(where: { $0.leastContained >= plan.leastContained }) {
      // Where each item is one of them, their number is the array's.
      let isEach =
        least >= plan.leastContained
        && (0...prefix).allSatisfy { place in
          work -= 1
          return place >= most || compare(plan.contains, schemas(written, at: place)).isEmpty
        }
      if !isEach { obstacles.append(obstacle(plan.containsText, isProved: false)) }
    }
    if plan.mostContained < most, !same.contains(where: { $0.mostContained <= plan.mostContained }) {
      obstacles.append(obstacle(plan.mostContainedText, isProved: false))
    }
    return obstacles
  }
}
