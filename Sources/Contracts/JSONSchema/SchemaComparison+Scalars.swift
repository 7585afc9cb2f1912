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
      let isKept = rule.operation == .multipleOf ? keepsMultiple(rule, written, what) : keepsBound(rule, written, what)
      // A divisor may leave no value at the border.
      let isSure = rule.operation == .multipleOf ? written.isEmpty : written.allSatisfy { $0.operation != .multipleOf }
      if !isKept { obstacles.append(obstacle(rule.text, isProved: what.alternative.isExact && isSure)) }
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

  private func keepsBound(_ rule: Program.Rule, _ written: [Program.Rule], _ what: Case) -> Bool {
    let bound = reader.program.decimals[Int(rule.value)]
    let isLower = rule.operation == .minimum || rule.operation == .exclusiveMinimum
    let isExclusive = rule.operation == .exclusiveMinimum || rule.operation == .exclusiveMaximum
    return written.contains { other in
      guard other.operation != .multipleOf,
        (other.operation == .minimum || other.operation == .exclusiveMinimum) == isLower
      else { return false }
      let otherIsExclusive = other.operation == .exclusiveMinimum || other.operation == .exclusiveMaximum
      let known = writer.program.decimals[Int(other.value)]
      let (left, right) = (writer.program.pool, reader.program.pool)
      let order = unsafe known.compare(left.span.bytes, bound, right.span.bytes)
      if order == 0 { return otherIsExclusive || !isExclusive }
      if (order > 0) == isLower { return true }
      guard what.kind == .integer, let one = unsafe known.integer(left.span.bytes, isLower, otherIsExclusive),
        let two = unsafe bound.integer(right.span.bytes, isLower, isExclusive)
      else { return false }
      return isLower ? one >= two : one <= two
    }
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

extension Decimal {
  /// The last integer that a bound allows; nil when it is too far from zero to say.
  func integer(_ bytes: RawSpan, _ isLower: Bool, _ isExclusive: Bool) -> Int? {
    if isZero { return isExclusive ? (isLower ? 1 : -1) : 0 }
    guard exponent < 17, count < 18 else { return nil }
    let digits = Int(remainder(bytes, by: .max))
    let shift = exponent - Int(count) + 1
    var scale = 1
    for _ in 0..<min(abs(shift), 18) { scale *= 10 }
    let magnitude = shift >= 0 ? digits * scale : digits / scale
    let isWhole = shift >= 0
    var integer = isNegative ? -magnitude : magnitude
    if isWhole { return isExclusive ? integer + (isLower ? 1 : -1) : integer }
    // The quotient is cut towards zero.
    if isLower, !isNegative { integer += 1 }
    if !isLower, isNegative { integer -= 1 }
    return integer
  }
}

extension Program {
  /// The name of a member.
  func name(_ entry: Entry) -> String { String(decoding: pool[entry.name.range], as: UTF8.self) }
}
