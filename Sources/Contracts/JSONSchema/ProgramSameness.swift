// SPDX-License-Identifier: Apache-2.0

import Octets

/// Whether schemas of two programs check the same, rule by rule; it says no where it would take too long to tell.
struct ProgramSameness {
  let left: Program
  let right: Program
  /// Steps that are left.
  var work: Int
  private var pairs: Set<UInt64> = []
  private var depth = 0

  init(left: Program, right: Program, work: Int) { (self.left, self.right, self.work) = (left, right, work) }

  mutating func areSame(_ one: Int32, _ two: Int32) -> Bool {
    if one < 0 || two < 0 { return one < 0 && two < 0 }
    // A pair that is being looked at is the same as far as is known; one that is not ends it all.
    guard pairs.insert(UInt64(one) << 32 | UInt64(two)).inserted else { return true }
    work -= 1
    guard work > 0, depth < 200 else { return false }
    depth += 1
    defer { depth -= 1 }
    let (first, second) = (left.nodes[Int(one)], right.nodes[Int(two)])
    return first.kinds == second.kinds && first.isFalse == second.isFalse
      && areSame(left.rules[first.strings.range], right.rules[second.strings.range])
      && areSame(left.rules[first.numbers.range], right.rules[second.numbers.range])
      && areSame(left.rules[first.any.range], right.rules[second.any.range])
      && areSameObjects(first.object, second.object) && areSameArrays(first.array, second.array)
      && areSame(first.unevaluatedProperties, second.unevaluatedProperties)
      && areSame(first.unevaluatedItems, second.unevaluatedItems)
  }

  private mutating func areSame(_ one: ArraySlice<Program.Rule>, _ two: ArraySlice<Program.Rule>) -> Bool {
    guard one.count == two.count else { return false }
    for (first, second) in zip(one, two) {
      guard first.operation == second.operation, areSame(first, second) else { return false }
    }
    return true
  }

  private mutating func areSame(_ one: Program.Rule, _ two: Program.Rule) -> Bool {
    switch one.operation {
    case .minimum, .maximum, .exclusiveMinimum, .exclusiveMaximum:
      let (leftPool, rightPool) = (left.pool, right.pool)
      let (first, second) = (left.decimals[Int(one.value)], right.decimals[Int(two.value)])
      return unsafe first.compare(leftPool.span.bytes, second, rightPool.span.bytes) == 0
    case .multipleOf: return left.divisors[Int(one.value)] == right.divisors[Int(two.value)]
    case .minLength, .maxLength: return one.value == two.value
    case .pattern: return areSamePatterns(one.value, two.value)
    case .const, .enum:
      guard one.slice.count == two.slice.count else { return false }
      return zip(left.constants[one.slice.range], right.constants[two.slice.range]).allSatisfy { first, second in
        guard work > 0 else { return false }
        var budget = 10_000
        let (leftPool, rightPool) = (left.pool, right.pool)
        let areEqual = unsafe JSONEquality.areEqual(
          leftPool.span.bytes, Int(first), rightPool.span.bytes, Int(second), budget: &budget)
        work -= 1 + (10_000 - budget) / 32
        return areEqual
      }
    case .not, .ref: return areSame(one.value, two.value)
    case .dynamicRef: return false
    case .allOf, .anyOf, .oneOf, .condition:
      return areSameLists(left.schemas[one.slice.range], right.schemas[two.slice.range])
    }
  }

  private mutating func areSameLists(_ one: ArraySlice<Int32>, _ two: ArraySlice<Int32>) -> Bool {
    guard one.count == two.count else { return false }
    for (first, second) in zip(one, two) where !areSame(first, second) { return false }
    return true
  }

  private func areSamePatterns(_ one: Int32, _ two: Int32) -> Bool {
    left.patterns[Int(one)].text.utf8.elementsEqual(right.patterns[Int(two)].text.utf8)
  }

  private mutating func areSameObjects(_ one: Int32, _ two: Int32) -> Bool {
    if one < 0 || two < 0 { return one < 0 && two < 0 }
    let (first, second) = (left.objects[Int(one)], right.objects[Int(two)])
    guard first.least == second.least, first.most == second.most, first.required.count == second.required.count,
      first.entries.count == second.entries.count, first.patterns.count == second.patterns.count,
      first.dependencies.isEmpty, second.dependencies.isEmpty, areSame(first.additional, second.additional),
      areSame(first.names, second.names)
    else { return false }
    // Mostly the order is the same.
    if left.names[first.entries.range] == right.names[second.entries.range] {
      for (entry, other) in zip(left.entries[first.entries.range], right.entries[second.entries.range]) {
        guard areSame(entry, other) else { return false }
      }
    } else {
      work -= Int(second.entries.count) / 4
      var known: [ForeignText: Program.Entry] = [:]
      for index in second.entries.range { known[right.names[index]] = right.entries[index] }
      for index in first.entries.range {
        guard let other = known[left.names[index]], areSame(left.entries[index], other) else { return false }
      }
    }
    for (one, two) in zip(left.patternProperties[first.patterns.range], right.patternProperties[second.patterns.range])
    {
      guard areSamePatterns(one.pattern, two.pattern), areSame(one.node, two.node) else { return false }
    }
    return true
  }

  private mutating func areSame(_ one: Program.Entry, _ two: Program.Entry) -> Bool {
    work -= 1
    return (one.tracked < 0) == (two.tracked < 0) && areSame(one.node, two.node)
  }

  private mutating func areSameArrays(_ one: Int32, _ two: Int32) -> Bool {
    if one < 0 || two < 0 { return one < 0 && two < 0 }
    let (first, second) = (left.arrays[Int(one)], right.arrays[Int(two)])
    return first.least == second.least && first.most == second.most
      && (first.uniqueText < 0) == (second.uniqueText < 0) && first.leastContained == second.leastContained
      && first.mostContained == second.mostContained && areSame(first.contains, second.contains)
      && areSame(first.items, second.items)
      && areSameLists(left.schemas[first.prefix.range], right.schemas[second.prefix.range])
  }
}
