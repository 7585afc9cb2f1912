// SPDX-License-Identifier: Apache-2.0

import Octets

extension SchemaChecker {
  /// Checks an array's items in one pass over them.
  mutating func checkArray(_ bytes: RawSpan, _ index: Int32, _ start: Int) -> Int {
    let plan = compiled.program.arrays[Int(index)]
    var count = 0
    var contained = 0
    var end = -1
    var item = JSONPlace.first(bytes, in: start)
    if item == nil { end = JSONPlace.emptyEnd(bytes, of: start) }
    var counted = start
    while let value = item {
      budget -= 1 + (value - counted) >> 2
      var valueEnd = -1
      let schema = count < plan.prefix.count ? compiled.program.schemas[Int(plan.prefix.start) + count] : plan.items
      if schema >= 0 {
        valueEnd = descend(bytes, schema, value)
        if valueEnd < 0 { return -1 }
        if isCollecting { marks.insert(count) }
      }
      if plan.contains >= 0 {
        let containedEnd = descend(bytes, plan.contains, value)
        if isExhausted { return -1 }
        if containedEnd >= 0 {
          valueEnd = containedEnd
          contained += 1
          if isCollecting { marks.insert(count) }
        }
      }
      if valueEnd < 0 {
        valueEnd = JSONPlace.end(bytes, of: value)
        budget -= (valueEnd - value) >> 2
      }
      count += 1
      counted = valueEnd
      item = JSONPlace.next(bytes, after: valueEnd, end: &end)
    }
    if count < plan.least { return fail(start, plan.leastText) }
    if count > plan.most { return fail(start, plan.mostText) }
    if plan.contains >= 0 {
      if contained < plan.leastContained { return fail(start, plan.containsText) }
      if contained > plan.mostContained { return fail(start, plan.mostContainedText) }
    }
    if plan.uniqueText >= 0, count > 1 {
      guard let areUnique = areUnique(bytes, start, count) else { return exhaust() }
      if !areUnique { return fail(start, plan.uniqueText) }
    }
    return end
  }

  /// Whether no two items are equal; nil when that takes more steps than the budget has.
  ///
  /// They are sorted by their hashes, and only those that share one are compared.
  private mutating func areUnique(_ bytes: RawSpan, _ start: Int, _ count: Int) -> Bool? {
    var items: [(hash: Int, place: Int)] = []
    items.reserveCapacity(count)
    var item = JSONPlace.first(bytes, in: start)
    var end = 0
    while let value = item, budget >= 0 {
      items.append((JSONEquality.hash(bytes, value, budget: &budget), value))
      let valueEnd = JSONPlace.end(bytes, of: value)
      budget -= 16 + (valueEnd - value) >> 2
      item = JSONPlace.next(bytes, after: valueEnd, end: &end)
    }
    // Hashes of values that were not read to their ends say nothing.
    guard budget >= 0 else { return nil }
    items.sort { $0.hash < $1.hash }
    for index in items.indices.dropFirst() {
      var other = index - 1
      while other >= 0, items[other].hash == items[index].hash {
        if JSONEquality.areEqual(bytes, items[other].place, bytes, items[index].place, budget: &budget) { return false }
        guard budget >= 0 else { return nil }
        other -= 1
      }
    }
    return true
  }

  /// Checks a schema that says something of what nothing else has taken.
  mutating func checkRest(_ bytes: RawSpan, _ node: Program.Node, _ start: Int) -> Int {
    let (wasCollecting, outer) = (isCollecting, marks)
    isCollecting = true
    marks = Marks()
    var end = checkNode(bytes, node, start)
    let isObject = bytes.byte(at: start) == UInt8(ascii: "{")
    let schema = isObject ? node.unevaluatedProperties : node.unevaluatedItems
    if end >= 0, schema >= 0, isObject || bytes.byte(at: start) == UInt8(ascii: "[") {
      var item = JSONPlace.first(bytes, in: start)
      var index = 0
      var counted = start
      while let place = item {
        budget -= 1 + (place - counted) >> 2
        let value = isObject ? JSONPlace.value(bytes, afterName: JSONPlace.stringEnd(bytes, of: place)) : place
        var valueEnd = JSONPlace.end(bytes, of: value)
        budget -= (valueEnd - value) >> 2
        if !marks.contains(index) {
          valueEnd = descend(bytes, schema, value)
          guard valueEnd >= 0 else {
            end = -1
            break
          }
          marks.insert(index)
        }
        index += 1
        counted = valueEnd
        var objectEnd = 0
        item = JSONPlace.next(bytes, after: valueEnd, end: &objectEnd)
      }
    }
    isCollecting = wasCollecting
    marks = wasCollecting && end >= 0 ? marks : outer
    if wasCollecting, end >= 0 { marks.formUnion(outer) }
    return end
  }
}
