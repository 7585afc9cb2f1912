// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

extension SchemaChecker {
  /// Checks an object's members in one pass over them.
  mutating func checkObject(_ bytes: RawSpan, _ index: Int32, _ start: Int) -> Int {
    let plan = compiled.program.objects[Int(index)]
    var seen = Marks()
    var count = 0
    var end = -1
    var member = JSONPlace.first(bytes, in: start)
    if member == nil { end = JSONPlace.emptyEnd(bytes, of: start) }
    // What was looked at is counted as it goes, for a mismatch may end it anywhere.
    var counted = start
    while let name = member {
      var hasEscape = false
      let nameEnd = JSONPlace.stringEnd(bytes, of: name, hasEscape: &hasEscape)
      let value = JSONPlace.value(bytes, afterName: nameEnd)
      budget -= 1 + (value - counted) >> 2
      var valueEnd = -1
      var isTaken = false
      if !plan.entries.isEmpty {
        let range = (name + 1)..<(nameEnd - 1)
        let entry = hasEscape ? findEscaped(bytes, range, plan.slots) : find(bytes, range, plan.slots)
        if entry >= 0 {
          let entry = compiled.program.entries[entry]
          if entry.tracked >= 0 { seen.insert(Int(entry.tracked)) }
          if entry.node >= 0 {
            isTaken = true
            valueEnd = descend(bytes, entry.node, value)
            if valueEnd < 0 { return -1 }
          }
        }
      }
      for index in plan.patterns.range {
        let property = compiled.program.patternProperties[index]
        let text = StringScalars((name + 1)..<(nameEnd - 1), isEscaped: true)
        let pattern = compiled.program.patterns[Int(property.pattern)]
        guard let isMatch = pattern.matches(bytes, text, budget: &budget) else { return -1 }
        guard isMatch else { continue }
        isTaken = true
        valueEnd = descend(bytes, property.node, value)
        if valueEnd < 0 { return -1 }
      }
      if !isTaken, plan.additional >= 0 {
        isTaken = true
        valueEnd = descend(bytes, plan.additional, value)
        if valueEnd < 0 { return -1 }
      }
      if plan.names >= 0, descend(bytes, plan.names, name) < 0 { return -1 }
      if valueEnd < 0 {
        valueEnd = JSONPlace.end(bytes, of: value)
        budget -= (valueEnd - value) >> 2
      }
      if isTaken, isCollecting { marks.insert(count) }
      count += 1
      counted = valueEnd
      member = JSONPlace.next(bytes, after: valueEnd, end: &end)
    }
    guard checkCounts(plan, seen, count, start), checkDependencies(bytes, plan, seen, start) else { return -1 }
    return end
  }

  private mutating func checkCounts(_ plan: Program.ObjectPlan, _ seen: Marks, _ count: Int, _ start: Int) -> Bool {
    for index in 0..<Int(plan.required.count) where !seen.contains(index) {
      _ = fail(start, plan.required.start + Int32(index))
      return false
    }
    if count < plan.least {
      _ = fail(start, plan.leastText)
      return false
    }
    if count > plan.most {
      _ = fail(start, plan.mostText)
      return false
    }
    return true
  }

  private mutating func checkDependencies(
    _ bytes: RawSpan, _ plan: Program.ObjectPlan, _ seen: Marks, _ start: Int
  ) -> Bool {
    for index in plan.dependencies.range {
      let dependency = compiled.program.dependencies[index]
      guard seen.contains(Int(dependency.trigger)) else { continue }
      if dependency.name >= 0, !seen.contains(Int(dependency.name)) {
        _ = fail(start, dependency.text)
        return false
      }
      if dependency.node >= 0, branch(bytes, dependency.node, start) < 0 { return false }
    }
    return true
  }

  /// The entry of a member's name with escapes, which stands within its quotes here; -1 when the schema does not name it.
  private func findEscaped(_ bytes: RawSpan, _ name: Range<Int>, _ slots: Program.Slice) -> Int {
    var plain: [UInt8] = []
    guard plain.appendUnescaped(bytes, name) else { return -1 }
    return unsafe find(plain.span.bytes, 0..<plain.count, slots)
  }

  private func find(_ bytes: RawSpan, _ name: Range<Int>, _ slots: Program.Slice) -> Int {
    let mask = Int(slots.count) - 1
    let hash = NameHash(bytes, name, seed: compiled.program.seed)
    var slot = Int(truncatingIfNeeded: hash.hash) & mask
    while true {
      let entry = Int(compiled.program.slots[Int(slots.start) + slot])
      guard entry >= 0 else { return -1 }
      let known = compiled.program.entries[entry]
      if known.prefix == hash.prefix, Int(known.name.count) == name.count,
        name.count <= 8 || isPool(known.name, bytes, name.lowerBound)
      {
        return entry
      }
      slot = (slot + 1) & mask
    }
  }

  private func isPool(_ known: Program.Slice, _ bytes: RawSpan, _ start: Int) -> Bool {
    let first = Int(known.start)
    for offset in 8..<Int(known.count)
    where bytes.byte(at: start + offset) != compiled.program.pool[first + offset] { return false }
    return true
  }
}
