// SPDX-License-Identifier: Apache-2.0

import Octets

/// Checks one value in place, with a program: goes through the text once, and again only where schemas are applied to the
/// same value.
///
/// Each check gives where the value ends, or -1 when it does not match; then `failedAt` and `failedText` say why.
struct SchemaChecker {
  /// Schemas that are applied within each other, over all levels of the data: it bounds the stack.
  static let maximumDepth = 1_000

  let compiled: JSONSchemaValidator
  /// Work that may still be done. It is left to fall below zero.
  var budget: Int
  private(set) var depth = 0
  /// Where the value is that does not match, and the rule of it.
  private(set) var failedAt = 0
  private(set) var failedText: Int32 = -1
  /// Whether it is noted which members and items of the value at hand have been taken by some schema.
  var isCollecting = false
  var marks = Marks()
  /// The resources that were entered, the outermost first; only where `$dynamicRef` asks for it.
  private var scopes: [Int32] = []

  init(_ compiled: JSONSchemaValidator, budget: Int) { (self.compiled, self.budget) = (compiled, budget) }

  /// Steps for so many bytes of data: of a step's few nanoseconds less than a second's, or as many as to go through large
  /// data some times.
  static func budget(for count: Int) -> Int { min(1_000_000 + 256 * count, max(50_000_000, 8 * count)) }

  var isExhausted: Bool { budget < 0 }

  /// Notes a mismatch.
  mutating func fail(_ start: Int, _ text: Int32) -> Int {
    failedAt = start
    failedText = text
    return -1
  }

  mutating func exhaust() -> Int {
    budget = -1
    return -1
  }

  /// Checks the value that begins here.
  mutating func check(_ bytes: RawSpan, _ index: Int32, _ start: Int) -> Int {
    budget -= 1
    guard budget >= 0, depth < Self.maximumDepth else { return exhaust() }
    depth += 1
    defer { depth -= 1 }
    guard compiled.program.isDynamic else { return checkWhole(bytes, index, start) }
    scopes.append(compiled.program.nodes[Int(index)].resource)
    defer { scopes.removeLast() }
    return checkWhole(bytes, index, start)
  }

  private mutating func checkWhole(_ bytes: RawSpan, _ index: Int32, _ start: Int) -> Int {
    let node = compiled.program.nodes[Int(index)]
    if node.unevaluatedProperties >= 0 || node.unevaluatedItems >= 0 { return checkRest(bytes, node, start) }
    return checkNode(bytes, node, start)
  }

  /// Checks all of a schema but what it says of the rest.
  mutating func checkNode(_ bytes: RawSpan, _ node: Program.Node, _ start: Int) -> Int {
    if node.isFalse { return fail(start, node.typeText) }
    var end = -1
    switch bytes.byte(at: start) {
    case UInt8(ascii: "\""):
      guard node.kinds.contains(.string) else { return fail(start, node.typeText) }
      end = JSONPlace.stringEnd(bytes, of: start)
      budget -= (end - start) >> 2
      if !node.strings.isEmpty, !checkString(bytes, node.strings, start, end) { return -1 }
    case UInt8(ascii: "{"):
      guard node.kinds.contains(.object) else { return fail(start, node.typeText) }
      if node.object >= 0 {
        end = checkObject(bytes, node.object, start)
        if end < 0 { return -1 }
      }
    case UInt8(ascii: "["):
      guard node.kinds.contains(.array) else { return fail(start, node.typeText) }
      if node.array >= 0 {
        end = checkArray(bytes, node.array, start)
        if end < 0 { return -1 }
      }
    case UInt8(ascii: "t"), UInt8(ascii: "f"):
      guard node.kinds.contains(.boolean) else { return fail(start, node.typeText) }
      end = JSONPlace.end(bytes, of: start)
    case UInt8(ascii: "n"):
      guard node.kinds.contains(.null) else { return fail(start, node.typeText) }
      end = start + 4
    default:
      end = JSONPlace.end(bytes, of: start)
      budget -= (end - start) >> 2
      if !checkNumber(bytes, node, start, end) { return -1 }
    }
    for rule in node.any.range {
      let ruleEnd = checkRule(bytes, compiled.program.rules[rule], start)
      if ruleEnd == -1 { return -1 }
      if end < 0 { end = ruleEnd }
    }
    if end < 0 {
      end = JSONPlace.end(bytes, of: start)
      budget -= (end - start) >> 2
    }
    return end
  }

  /// Checks a value within the one at hand, whose marks are left alone.
  mutating func descend(_ bytes: RawSpan, _ index: Int32, _ start: Int) -> Int {
    guard isCollecting else { return check(bytes, index, start) }
    let outer = marks
    isCollecting = false
    let end = check(bytes, index, start)
    isCollecting = true
    marks = outer
    return end
  }

  /// Checks the value at hand with another schema, whose marks count when it matches.
  mutating func branch(_ bytes: RawSpan, _ index: Int32, _ start: Int) -> Int {
    guard isCollecting else { return check(bytes, index, start) }
    let outer = marks
    marks = Marks()
    let end = check(bytes, index, start)
    if end >= 0 { marks.formUnion(outer) } else { marks = outer }
    return end
  }

  /// Where a `$dynamicRef` goes: to the outermost resource that has its anchor.
  mutating func dynamicTarget(_ index: Int32) -> Int32 {
    let target = compiled.program.dynamicTargets[Int(index)]
    for scope in scopes {
      budget -= 4
      if let node = target.byResource[scope] { return node }
    }
    return target.usual
  }
}

/// Members or items of a value, by their places in it.
struct Marks {
  private var low: UInt64 = 0
  private var rest: [UInt64] = []

  mutating func insert(_ index: Int) {
    guard index >= 64 else { return low |= 1 << UInt64(index) }
    let word = index / 64 - 1
    while rest.count <= word { rest.append(0) }
    rest[word] |= 1 << UInt64(index % 64)
  }

  func contains(_ index: Int) -> Bool {
    guard index >= 64 else { return low & 1 << UInt64(index) != 0 }
    let word = index / 64 - 1
    return word < rest.count && rest[word] & 1 << UInt64(index % 64) != 0
  }

  mutating func formUnion(_ other: Marks) {
    low |= other.low
    while rest.count < other.rest.count { rest.append(0) }
    for (word, bits) in other.rest.enumerated() { rest[word] |= bits }
  }
}
