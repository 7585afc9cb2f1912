// SPDX-License-Identifier: Apache-2.0

import Octets

extension Pattern {
  /// Whether the text holds a match; nil when that takes more steps than the budget has.
  func matches(_ bytes: RawSpan, _ text: StringScalars, budget: inout Int) -> Bool? {
    var text = text
    budget -= steps.count / 8
    var states = States(steps.count)
    var previous: UInt32?
    var current = text.next(bytes)
    while true {
      states.enter(0, steps, previous, current)
      if states.hasMatch { return true }
      budget -= 1 + states.takeVisits()
      guard budget >= 0 else { return nil }
      guard let scalar = current else { return false }
      let next = text.next(bytes)
      states.advance(steps, scalar, next)
      if states.hasMatch { return true }
      previous = scalar
      current = next
    }
  }

  /// Whether a text holds a match.
  package func matches(_ text: String) -> Bool {
    var budget = Int.max
    return matches(text, budget: &budget) ?? false
  }

  /// Whether a text holds a match; nil when that takes more steps than the budget has.
  func matches(_ text: String, budget: inout Int) -> Bool? {
    let bytes = Array(text.utf8)
    budget -= 16
    return unsafe matches(bytes.span.bytes, StringScalars(0..<bytes.count, isEscaped: false), budget: &budget)
  }

  /// The steps that the automaton stands before, each once.
  private struct States {
    private(set) var hasMatch = false
    private var current: [Int] = []
    private var next: [Int] = []
    /// At which turn a step was entered last, so that none is entered twice.
    private var turns: [Int]
    private var turn = 1
    private var pending: [Int] = []
    private var visits = 0

    init(_ count: Int) { turns = Array(repeating: 0, count: count) }

    /// How many steps were looked at since this was asked last.
    mutating func takeVisits() -> Int {
      defer { visits = 0 }
      return visits
    }

    /// Enters a step, and all that follow from it without a character.
    mutating func enter(_ first: Int, _ steps: [Step], _ previous: UInt32?, _ following: UInt32?) {
      pending.append(first)
      while let step = pending.popLast() {
        visits += 1
        guard turns[step] != turn else { continue }
        turns[step] = turn
        switch steps[step] {
        case .match: hasMatch = true
        case .jump(let target): pending.append(target)
        case .split(let first, let second):
          pending.append(second)
          pending.append(first)
        case .assert(let assertion): if assertion.holds(previous, following) { pending.append(step + 1) }
        case .one: current.append(step)
        }
      }
    }

    /// Takes a character.
    mutating func advance(_ steps: [Step], _ scalar: UInt32, _ following: UInt32?) {
      turn += 1
      swap(&current, &next)
      current.removeAll(keepingCapacity: true)
      visits += next.count
      for step in next {
        if case .one(let set) = steps[step], set.contains(scalar) { enter(step + 1, steps, scalar, following) }
      }
    }
  }
}

extension Pattern.Assertion {
  fileprivate func holds(_ previous: UInt32?, _ following: UInt32?) -> Bool {
    switch self {
    case .start: previous == nil
    case .end: following == nil
    case .wordBoundary: Self.isWord(previous) != Self.isWord(following)
    case .noWordBoundary: Self.isWord(previous) == Self.isWord(following)
    }
  }

  private static func isWord(_ scalar: UInt32?) -> Bool {
    switch scalar ?? 0 {
    case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
    default: false
    }
  }
}

/// The code points of text in place: plain, or as it stands inside a JSON string's quotes. Half a surrogate pair is one.
struct StringScalars {
  private var offset: Int
  private let end: Int
  private let isEscaped: Bool

  /// The range must be valid UTF-8, and checked by `JSONScanner` where it is escaped.
  init(_ range: Range<Int>, isEscaped: Bool) {
    (offset, end, self.isEscaped) = (range.lowerBound, range.upperBound, isEscaped)
  }

  mutating func next(_ bytes: RawSpan) -> UInt32? {
    guard offset < end else { return nil }
    let first = bytes.byte(at: offset)
    if first < 0x80 {
      offset += 1
      return first == UInt8(ascii: "\\") && isEscaped ? unescaped(bytes) : UInt32(first)
    }
    let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    var scalar = UInt32(first) & (0x7F >> UInt32(length))
    for index in (offset + 1)..<(offset + length) where index < end {
      scalar = scalar << 6 | UInt32(bytes.byte(at: index) & 0x3F)
    }
    offset += length
    return scalar
  }

  private mutating func unescaped(_ bytes: RawSpan) -> UInt32 {
    let letter = bytes.byte(at: offset)
    offset += 1
    switch letter {
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "u"):
      let unit = codeUnit(bytes, offset)
      offset += 4
      guard (0xD800...0xDBFF).contains(unit), offset + 6 <= end, bytes.byte(at: offset) == UInt8(ascii: "\\"),
        bytes.byte(at: offset + 1) == UInt8(ascii: "u")
      else { return unit }
      let low = codeUnit(bytes, offset + 2)
      guard (0xDC00...0xDFFF).contains(low) else { return unit }
      offset += 6
      return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    default: return UInt32(letter)
    }
  }

  private func codeUnit(_ bytes: RawSpan, _ offset: Int) -> UInt32 {
    var unit: UInt32 = 0
    for index in offset..<(offset + 4) { unit = unit << 4 | UInt32(Hexadecimal.value(of: bytes.byte(at: index)) ?? 0) }
    return unit
  }
}
