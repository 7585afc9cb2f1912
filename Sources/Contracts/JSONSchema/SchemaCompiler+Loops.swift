// SPDX-License-Identifier: Apache-2.0

/// Schemas that are applied to the same value through each other without end are refused.
extension SchemaCompiler {
  /// How many schemas may be applied to one value within each other.
  static let maximumChain = 1_000

  func loop(at place: Int) -> SchemaFault {
    places.fault(
      place, nil, "references lead back to this schema without going into the data",
      "let one of them stand within properties or items")
  }

  /// Looks for loops, without a call for each step.
  func refuseLoops() throws(SchemaFault) {
    var heights = Array(repeating: Int32(-1), count: program.nodes.count)
    for root in program.nodes.indices where heights[root] == -1 {
      var path: [(node: Int, targets: [Int32], next: Int, height: Int32)] = [(root, inPlace(root), 0, 0)]
      heights[root] = -2
      while var last = path.popLast() {
        if last.next < last.targets.count {
          let target = Int(last.targets[last.next])
          switch heights[target] {
          case -2: throw loop(at: Int(program.nodes[target].place))
          case -1:
            path.append(last)
            path.append((target, inPlace(target), 0, 0))
            heights[target] = -2
          case let height:
            last.next += 1
            last.height = max(last.height, height + 1)
            path.append(last)
          }
          continue
        }
        guard last.height < Self.maximumChain else {
          throw places.fault(
            Int(program.nodes[last.node].place), nil,
            "more than \(Self.maximumChain) schemas are applied to one value within each other", "refer more directly")
        }
        heights[last.node] = last.height
      }
    }
  }

  /// The schemas that a schema applies to the same value.
  private func inPlace(_ node: Int) -> [Int32] {
    var targets: [Int32] = []
    let node = program.nodes[node]
    for rule in program.rules[node.any.range] {
      switch rule.operation {
      case .allOf, .anyOf, .oneOf, .condition: targets += program.schemas[rule.slice.range]
      case .not, .ref: targets.append(rule.value)
      // Where it goes is known only with the data; the depth is counted there.
      case .dynamicRef: targets.append(program.dynamicTargets[Int(rule.value)].usual)
      default: break
      }
    }
    if node.object >= 0 {
      targets += program.dependencies[program.objects[Int(node.object)].dependencies.range].map(\.node)
    }
    return targets.filter { $0 >= 0 }
  }
}
