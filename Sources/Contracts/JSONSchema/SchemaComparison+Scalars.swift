// SPDX-License-Identifier: Apache-2.0

/// Numbers and strings.
extension SchemaComparison {
  private func writerRules(_ what: Case, _ slice: KeyPath<Program.Node, Program.Slice>) -> [Program.Rule] {
    what.alternative.nodes.flatMap { writer.program.rules[writer.program.nodes[Int($0)][keyPath: slice].range] }
  }

  /// Whether what the writer calls a number is a multiple of an integer.
  func writesIntegersOnly(_ what: Case) -> Bool {
    writerRules(what, \.numbers).contains { rule in
      rule.operation == .multipleOf && writer.program.divisors[Int(rule.value)].exponent >= 0
    }
  }

  func numbers(_ node: Program.Node, _ what: Case) -> [Obstacle] {
    if what.kind == .fraction, writesIntegersOnly(what) { return [] }
    let written = writerRules(what, \.numbers)
    var obstacles: [Obstacle] = []
    for rule in reader.program.rules[node.numbers.range] {
      if rule.operation == .multipleOf {
        guard !keepsMultiple(rule, written, what) else { continue }
        obstacles.append(obstacle(rule.text, isProved: what.alternative.isExact && written.isEmpty))
        continue
      }
      let isKept = keepsBound(rule, written, what)
      guard isKept != true else { continue }
      // A divisor may leave no value at the border.
      let isSure = isKept == false && written.allSatisfy { $0.operation != .multipleOf }
      obstacles.append(obstacle(rule.text, isProved: what.alternative.isExact && isSure))
    }
    return obstacles
  }

  private func keepsMultiple(_ rule: Program.Rule, _ written: [Program.Rule], _ what: Case) -> Bool {
    let divisor = reader.program.divisors[Int(rule.value)]
    if what.kind == .integer {
      let one: [UInt8] = [UInt8(ascii: "1")]
      if unsafe Decimal(one.span.bytes, 0..<1).isMultiple(one.span.bytes, of: divisor) { return true }
    }
    return written.contains { other in
      guard other.operation == .multipleOf else { return false }
      let known = writer.program.divisors[Int(other.value)]
      let text = Array("\(known.digits)e\(known.exponent)".utf8)
      return unsafe Decimal(text.span.bytes, 0..<text.count).isMultiple(text.span.bytes, of: divisor)
    }
  }

  /// Whether some bound of the writer's keeps a reader's; nil where nobody can tell.
  private func keepsBound(_ rule: Program.Rule, _ written: [Program.Rule], _ what: Case) -> Bool? {
    let bound = reader.program.decimals[Int(rule.value)]
    let (left, right) = (writer.program.pool, reader.program.pool)
    var isSure = true
    for other in written where other.operation != .multipleOf && other.isLower == rule.isLower {
      let known = writer.program.decimals[Int(other.value)]
      let order = unsafe known.compare(left.span.bytes, bound, right.span.bytes)
      if order == 0 ? other.isExclusive || !rule.isExclusive : (order > 0) == rule.isLower { return true }
      guard what.kind == .integer else { continue }
      guard
        let one = unsafe WholeNumber(known, left.span.bytes, isLower: rule.isLower, isExclusive: other.isExclusive),
        let two = unsafe WholeNumber(bound, right.span.bytes, isLower: rule.isLower, isExclusive: rule.isExclusive)
      else {
        isSure = false
        continue
      }
      if rule.isLower ? two <= one : one <= two { return true }
    }
    return isSure ? false : nil
  }

  func strings(_ node: Program.Node, _ what: Case) -> [Obstacle] {
    let written = writerRules(what, \.strings)
    var obstacles: [Obstacle] = []
    for rule in reader.program.rules[node.strings.range] {
      switch rule.operation {
      case .minLength:
        if rule.value <= 0 || written.contains(where: { $0.operation == .minLength && $0.value >= rule.value }) {
          continue
        }
      case .maxLength:
        if written.contains(where: { $0.operation == .maxLength && $0.value <= rule.value }) { continue }
      default:
        let pattern = reader.program.patterns[Int(rule.value)]
        let isSame = written.contains { other in
          other.operation == .pattern
            && writer.program.patterns[Int(other.value)].text.utf8.elementsEqual(pattern.text.utf8)
        }
        if isSame { continue }
        let refuses = Self.samples.contains { !pattern.matches($0) }
        obstacles.append(obstacle(rule.text, isProved: what.alternative.isExact && written.isEmpty && refuses))
        continue
      }
      let hasPattern = written.contains { $0.operation == .pattern }
      obstacles.append(obstacle(rule.text, isProved: what.alternative.isExact && !hasPattern))
    }
    return obstacles
  }

  private static let samples = ["", "a", "0", " ", "\u{0}", "Zz-9", "\u{1F600}\n"]
}

extension Program {
  /// The name of a member.
  func name(_ entry: Entry) -> String { String(decoding: pool[entry.name.range], as: UTF8.self) }
}

extension Program.Rule {
  /// Of a bound: whether it bounds from below.
  var isLower: Bool { operation == .minimum || operation == .exclusiveMinimum }
  /// Of a bound: whether it does not allow itself.
  var isExclusive: Bool { operation == .exclusiveMinimum || operation == .exclusiveMaximum }
}
