// SPDX-License-Identifier: Apache-2.0

import Octets

/// Numbers, strings, constants, and schemas for the same value.
extension SchemaChecker {
  mutating func checkNumber(_ bytes: RawSpan, _ node: Program.Node, _ start: Int, _ end: Int) -> Bool {
    guard !node.kinds.isSuperset(of: .number) || !node.numbers.isEmpty else { return true }
    let number = Decimal(bytes, start..<end)
    guard node.kinds.contains(number.isInteger ? .integer : .fraction) else {
      _ = fail(start, node.typeText)
      return false
    }
    for index in node.numbers.range {
      let rule = compiled.program.rules[index]
      let isRight: Bool
      budget -= Int(number.count) >> (rule.operation == .multipleOf ? 0 : 3)
      if rule.operation == .multipleOf {
        isRight = number.isMultiple(bytes, of: compiled.program.divisors[Int(rule.value)])
      } else {
        let bound = compiled.program.decimals[Int(rule.value)]
        let pool = compiled.program.pool
        let order = unsafe number.compare(bytes, bound, pool.span.bytes)
        isRight =
          switch rule.operation {
          case .minimum: order >= 0
          case .maximum: order <= 0
          case .exclusiveMinimum: order > 0
          default: order < 0
          }
      }
      guard isRight else {
        _ = fail(start, rule.text)
        return false
      }
    }
    return true
  }

  mutating func checkString(_ bytes: RawSpan, _ rules: Program.Slice, _ start: Int, _ end: Int) -> Bool {
    for index in rules.range {
      let rule = compiled.program.rules[index]
      let isRight: Bool
      if rule.operation == .pattern {
        let text = StringScalars((start + 1)..<(end - 1), isEscaped: true)
        guard let isMatch = compiled.program.patterns[Int(rule.value)].matches(bytes, text, budget: &budget) else {
          return false
        }
        isRight = isMatch
      } else {
        let length = length(bytes, start, end, upTo: Int(rule.value) + 1)
        isRight = rule.operation == .minLength ? length >= Int(rule.value) : length <= Int(rule.value)
      }
      guard isRight else {
        _ = fail(start, rule.text)
        return false
      }
    }
    return true
  }

  /// Code points of a string, as far as they count.
  private mutating func length(_ bytes: RawSpan, _ start: Int, _ end: Int, upTo limit: Int) -> Int {
    var scalars = StringScalars((start + 1)..<(end - 1), isEscaped: true)
    var length = 0
    while length < limit, scalars.next(bytes) != nil { length += 1 }
    budget -= length >> 3
    return length
  }

  /// Checks a rule that holds for any value. It gives where the value ends, -2 where that is not known, or -1.
  mutating func checkRule(_ bytes: RawSpan, _ rule: Program.Rule, _ start: Int) -> Int {
    switch rule.operation {
    case .const, .enum:
      return isConstant(bytes, rule, start) ? -2 : fail(start, rule.text)
    case .ref: return check(bytes, rule.value, start)
    case .dynamicRef:
      let target = dynamicTarget(rule.value)
      return check(bytes, target, start)
    case .allOf:
      var end = -2
      for index in rule.slice.range {
        end = branch(bytes, compiled.program.schemas[index], start)
        if end < 0 { return -1 }
      }
      return end
    case .anyOf, .oneOf: return checkAlternatives(bytes, rule, start)
    case .not:
      let outer = marks
      let end = check(bytes, rule.value, start)
      marks = outer
      if isExhausted { return -1 }
      return end < 0 ? -2 : fail(start, rule.text)
    case .condition:
      let first = Int(rule.slice.start)
      let end = branch(bytes, compiled.program.schemas[first], start)
      if isExhausted { return -1 }
      let chosen = compiled.program.schemas[first + (end >= 0 ? 1 : 2)]
      if chosen >= 0 { return branch(bytes, chosen, start) }
      return end >= 0 ? end : -2
    default: return -2
    }
  }

  private mutating func isConstant(_ bytes: RawSpan, _ rule: Program.Rule, _ start: Int) -> Bool {
    let constants = compiled.program.pool
    let pool = unsafe constants.span.bytes
    if rule.value >= 0 {
      let hash = JSONEquality.hash(bytes, start, budget: &budget)
      for place in compiled.program.constantHashes[Int(rule.value)][hash] ?? [] {
        if JSONEquality.areEqual(bytes, start, pool, Int(place), budget: &budget) { return true }
      }
      return false
    }
    for index in rule.slice.range where budget >= 0 {
      let place = Int(compiled.program.constants[index])
      if JSONEquality.areEqual(bytes, start, pool, place, budget: &budget) { return true }
    }
    return false
  }

  /// Of `anyOf` one that matches is enough; of `oneOf` a second one is too many.
  private mutating func checkAlternatives(_ bytes: RawSpan, _ rule: Program.Rule, _ start: Int) -> Int {
    var end = -1
    var inner = InnerFailure()
    for index in rule.slice.range {
      let branchEnd = branch(bytes, compiled.program.schemas[index], start)
      if isExhausted { return -1 }
      if branchEnd < 0 {
        inner.note(failedAt, failedText, start)
        continue
      }
      if rule.operation == .oneOf, end >= 0 { return fail(start, rule.text) }
      end = branchEnd
      // Each that matches counts for what is evaluated.
      if rule.operation == .anyOf, !isCollecting { break }
    }
    return end >= 0 ? end : inner.isOne ? fail(inner.place, inner.text) : fail(start, rule.text)
  }

  /// Why the one branch does not match that fits best: where but one got into the value, its reason says more.
  private struct InnerFailure {
    var place = 0
    var text: Int32 = -1
    private var count = 0

    var isOne: Bool { count == 1 }

    mutating func note(_ place: Int, _ text: Int32, _ start: Int) {
      guard place > start else { return }
      count += 1
      (self.place, self.text) = (place, text)
    }
  }
}
