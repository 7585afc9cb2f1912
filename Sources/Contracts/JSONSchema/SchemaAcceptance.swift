// SPDX-License-Identifier: Apache-2.0

import Octets

/// What is plainly data of a schema.
extension Acceptor {
  init(_ program: Program) {
    let any = Int32(program.nodes.count)
    root = Int32(program.root)
    shapes = Array(repeating: Shape(), count: program.nodes.count + 1)
    for (index, node) in program.nodes.enumerated() { shapes[index] = shape(node, program, any: any) }
    shapes[Int(any)] = Shape(
      text: .any, number: .any, takesNull: true, takesTrue: true, takesFalse: true,
      object: add(object: [], additional: any), array: add(list: List(items: any)))
  }

  private mutating func shape(_ node: Program.Node, _ program: Program, any: Int32) -> Shape {
    guard !node.isFalse, node.unevaluatedProperties < 0, node.unevaluatedItems < 0 else { return Shape() }
    guard node.any.isEmpty else { return constants(node, program) }
    var shape = Shape()
    shape.takesNull = node.kinds.contains(.null)
    (shape.takesTrue, shape.takesFalse) = (node.kinds.contains(.boolean), node.kinds.contains(.boolean))
    if node.kinds.contains(.string) { setText(&shape, node, program) }
    if node.kinds.contains(.integer) { Self.setNumber(&shape, node, program) }
    if node.kinds.contains(.object) { shape.object = object(node.object, program, any) }
    if node.kinds.contains(.array) { shape.array = array(node.array, program, any) }
    return shape
  }

  /// The one rule beside the kinds is a list of values: its strings, and the literals.
  private mutating func constants(_ node: Program.Node, _ program: Program) -> Shape {
    var shape = Shape()
    let rule = program.rules[Int(node.any.start)]
    guard node.any.count == 1, rule.operation == .const || rule.operation == .enum, node.strings.isEmpty else {
      return shape
    }
    var symbols: [String] = []
    for constant in rule.slice.range {
      let start = Int(program.constants[constant])
      switch program.pool[start] {
      case UInt8(ascii: "n"): shape.takesNull = node.kinds.contains(.null)
      case UInt8(ascii: "t"): shape.takesTrue = node.kinds.contains(.boolean)
      case UInt8(ascii: "f"): shape.takesFalse = node.kinds.contains(.boolean)
      case UInt8(ascii: "\"") where node.kinds.contains(.string):
        let end = unsafe JSONPlace.stringEnd(program.pool.span.bytes, of: start)
        symbols.append(String(decoding: program.pool[(start + 1)..<(end - 1)], as: UTF8.self))
      default: break
      }
    }
    allow(symbols: symbols, in: &shape)
    return shape
  }

  private func setText(_ shape: inout Shape, _ node: Program.Node, _ program: Program) {
    shape.text = node.strings.isEmpty ? .any : .bounded
    for rule in node.strings.range.map({ program.rules[$0] }) {
      switch rule.operation {
      case .minLength: shape.least = rule.value
      case .maxLength: shape.most = rule.value
      default: return shape.text = .none
      }
    }
  }

  private static func setNumber(_ shape: inout Shape, _ node: Program.Node, _ program: Program) {
    let isWhole = !node.kinds.contains(.fraction)
    shape.number = isWhole ? .integer : node.numbers.isEmpty ? .any : .bounded
    for rule in node.numbers.range.map({ program.rules[$0] }) {
      guard rule.operation != .multipleOf, let bound = bound(program, rule) else { return shape.number = .none }
      switch rule.operation {
      case .minimum: shape.low = max(shape.low, bound)
      case .exclusiveMinimum: shape.low = max(shape.low, bound + 1)
      case .maximum: shape.high = min(shape.high, bound)
      case .exclusiveMaximum: shape.high = min(shape.high, bound - 1)
      default: return shape.number = .none
      }
    }
  }

  /// A bound that is an integer of few digits; nil for another.
  private static func bound(_ program: Program, _ rule: Program.Rule) -> Int64? {
    let decimal = program.decimals[Int(rule.value)]
    if decimal.isZero { return 0 }
    guard decimal.isInteger, decimal.exponent < 17 else { return nil }
    var value = unsafe Int64(decimal.remainder(program.pool.span.bytes, by: .max))
    for _ in 0..<(decimal.exponent - Int(decimal.count) + 1) { value *= 10 }
    return decimal.isNegative ? -value : value
  }

  private mutating func object(_ index: Int32, _ program: Program, _ any: Int32) -> Int32 {
    guard index >= 0 else { return add(object: [], additional: any) }
    let plan = program.objects[Int(index)]
    guard plan.patterns.isEmpty, plan.names < 0, plan.dependencies.isEmpty, plan.least <= 0, plan.most == .max else {
      return -1
    }
    // An open object says of a member that is required and nothing else no more than of one that is not named.
    let others = plan.additional < 0 ? any : plan.additional
    let members = plan.entries.range.map { entry in
      let entry = program.entries[entry]
      return Member(
        name: String(decoding: program.pool[entry.name.range], as: UTF8.self),
        shape: entry.node < 0 ? others : entry.node,
        isRequired: entry.tracked >= 0 && entry.tracked < plan.required.count)
    }
    return add(object: members, additional: others)
  }

  private mutating func array(_ index: Int32, _ program: Program, _ any: Int32) -> Int32 {
    guard index >= 0 else { return add(list: List(items: any)) }
    let plan = program.arrays[Int(index)]
    guard plan.prefix.isEmpty, plan.contains < 0, plan.uniqueText < 0 else { return -1 }
    return add(list: List(items: plan.items < 0 ? any : plan.items, least: plan.least, most: plan.most))
  }
}
