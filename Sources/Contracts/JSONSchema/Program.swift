// SPDX-License-Identifier: Apache-2.0

import Octets

/// A compiled schema: tables of plain values that refer to each other by index, so that checking data touches no counts.
struct Program: Sendable {
  /// Some entries of a table, one after the other.
  struct Slice: BitwiseCopyable, Sendable {
    var start: Int32 = 0
    var count: Int32 = 0
    var isEmpty: Bool { count == 0 }
    var range: Range<Int> { Int(start)..<(Int(start) + Int(count)) }
  }

  /// The kinds of value, a bit each.
  struct Kinds: OptionSet, BitwiseCopyable, Sendable {
    var rawValue: UInt8
    static let object = Kinds(rawValue: 1)
    static let array = Kinds(rawValue: 2)
    static let string = Kinds(rawValue: 4)
    static let boolean = Kinds(rawValue: 8)
    static let null = Kinds(rawValue: 16)
    static let integer = Kinds(rawValue: 32)
    /// What is no integer; `number` allows both.
    static let fraction = Kinds(rawValue: 64)
    static let all = Kinds(rawValue: 127)
    static let number: Kinds = [.integer, .fraction]
  }

  /// One schema.
  struct Node: BitwiseCopyable, Sendable {
    var kinds = Kinds.all
    /// Set for the schema `false`.
    var isFalse = false
    var typeText: Int32 = -1
    /// In `rules`, by what they are about.
    var strings = Slice()
    var numbers = Slice()
    var any = Slice()
    /// In `objects` and `arrays`.
    var object: Int32 = -1
    var array: Int32 = -1
    /// Schemas for what nothing else took.
    var unevaluatedProperties: Int32 = -1
    var unevaluatedItems: Int32 = -1
    var resource: Int32 = 0
    /// The place that it was made from.
    var place: Int32 = 0

    /// Whether there is nothing to check.
    var isTrivial: Bool {
      kinds == .all && !isFalse && strings.isEmpty && numbers.isEmpty && any.isEmpty && object < 0 && array < 0
        && unevaluatedProperties < 0 && unevaluatedItems < 0
    }
  }

  enum Operation: UInt8, BitwiseCopyable, Sendable {
    /// Numbers: `value` in `decimals`, or `divisors`.
    case minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf
    /// Strings: `value` is the bound, or one of `patterns`.
    case minLength, maxLength, pattern
    /// Any: some of `constants`; `value` in `constantHashes` or -1.
    case const, `enum`
    /// Any: some of `schemas`, or in `value`.
    case allOf, anyOf, oneOf, not, ref, dynamicRef
    /// Any: `if`, `then`, `else` in `schemas`, -1 for none.
    case condition

    /// Whether a rule's slice is of `schemas`.
    var holdsSchemas: Bool {
      switch self {
      case .allOf, .anyOf, .oneOf, .condition: true
      default: false
      }
    }
  }

  struct Rule: BitwiseCopyable, Sendable {
    var operation: Operation
    var value: Int32 = 0
    var slice = Slice()
    var text: Int32
  }

  struct ObjectPlan: BitwiseCopyable, Sendable {
    /// Members that are named: in `entries`, and a table of their hashes in `slots`.
    var entries = Slice()
    var slots = Slice()
    /// How many names are looked out for, the required ones first; each has an index.
    var tracked: Int32 = 0
    /// In `texts`, by index.
    var required = Slice()
    /// In `patternProperties`.
    var patterns = Slice()
    var additional: Int32 = -1
    var names: Int32 = -1
    var least: Int32 = 0
    var most = Int32.max
    var leastText: Int32 = -1
    var mostText: Int32 = -1
    /// In `dependencies`.
    var dependencies = Slice()
  }

  /// A member that has a name in the schema.
  struct Entry: BitwiseCopyable, Sendable {
    /// In `pool`.
    var name: Slice
    /// Its first eight bytes.
    var prefix: UInt64 = 0
    var node: Int32 = -1
    /// Its index among those that are looked out for.
    var tracked: Int32 = -1
  }

  struct Dependency: BitwiseCopyable, Sendable {
    var trigger: Int32
    /// Another that must be there; -1 for none.
    var name: Int32 = -1
    /// A schema for the whole; -1 for none.
    var node: Int32 = -1
    var text: Int32
  }

  struct PatternProperty: BitwiseCopyable, Sendable {
    var pattern: Int32
    var node: Int32
  }

  struct ArrayPlan: BitwiseCopyable, Sendable {
    /// In `schemas`.
    var prefix = Slice()
    var items: Int32 = -1
    var contains: Int32 = -1
    var leastContained: Int32 = 1
    var mostContained = Int32.max
    var containsText: Int32 = -1
    var mostContainedText: Int32 = -1
    var least: Int32 = 0
    var most = Int32.max
    var leastText: Int32 = -1
    var mostText: Int32 = -1
    /// Set where all are to differ.
    var uniqueText: Int32 = -1
  }

  /// What is told of a rule that data breaks.
  struct RuleText: Sendable {
    var place: Int32
    var keyword: Keyword?
    var detail: String
  }

  /// Where a `$dynamicRef` goes in each resource; else to the first.
  struct DynamicTarget: Sendable {
    var usual: Int32
    var byResource: [Int32: Int32]
  }

  var nodes: [Node] = []
  var root = 0
  var rules: [Rule] = []
  var objects: [ObjectPlan] = []
  var arrays: [ArrayPlan] = []
  var entries: [Entry] = []
  var slots: [Int32] = []
  var schemas: [Int32] = []
  var patternProperties: [PatternProperty] = []
  var dependencies: [Dependency] = []
  var decimals: [Decimal] = []
  var divisors: [Decimal.Divisor] = []
  var patterns: [Pattern] = []
  /// The entries' names.
  var names: [ForeignText] = []
  /// Where constants begin in `pool`.
  var constants: [Int32] = []
  /// Constants by their hash, where there are many.
  var constantHashes: [[Int: [Int32]]] = []
  /// Names as they are; constants and numbers as JSON.
  var pool: [UInt8] = []
  var texts: [RuleText] = []
  var dynamicTargets: [DynamicTarget] = []
  var seed = UInt64.random(in: 0...UInt64.max)
  /// For each place its parent and token, to tell pointers.
  var parents: [Int32] = []
  var tokens: [String] = []

  var isDynamic: Bool { !dynamicTargets.isEmpty }

  /// Where a place is in the schema, as a JSON Pointer.
  func pointer(place: Int32) -> String {
    var path: [String] = []
    var place = Int(place)
    while Int(parents[place]) != place {
      path.append(JSONPlace.escaped(tokens[place]))
      place = Int(parents[place])
    }
    return path.reversed().map { "/" + $0 }.joined()
  }

  /// A rule's words, such as `#/properties/cents/type: integer`.
  func words(_ text: Int32) -> String {
    let text = texts[Int(text)]
    let keyword = text.keyword.map { "/" + $0.rawValue } ?? ""
    return "#" + pointer(place: text.place) + keyword + (text.detail.isEmpty ? "" : ": " + text.detail)
  }
}
