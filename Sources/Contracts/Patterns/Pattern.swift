// SPDX-License-Identifier: Apache-2.0

/// A regular expression of ECMA-262 as JSON Schema uses it, compiled to an automaton whose states are followed all at once:
/// its time is at most the text's length times the pattern's, whatever both hold.
///
/// It finds a match anywhere in the text, and reads code points. Backreferences and lookaround are refused: no automaton has
/// them. Source: ECMA-262, section 22.2; Thompson, "Regular expression search algorithm".
package struct Pattern: Sendable {
  /// Steps of an automaton. Counts such as `{1,500}` are written out, so they take the room of what they repeat.
  package static let maximumSize = 10_000
  /// Those of all patterns of a schema.
  static let maximumTotal = 1_000_000

  enum Step: Hashable, Sendable {
    case one(ScalarSet)
    case split(Int, Int)
    case jump(Int)
    case assert(Assertion)
    case match
  }

  enum Assertion: Hashable, Sendable { case start, end, wordBoundary, noWordBoundary }

  /// The expression.
  package let text: String
  private(set) var steps: [Step] = []

  /// Compiles an expression.
  package init(_ text: String) throws(PatternFault) {
    self.text = text
    try append(try PatternReading.syntax(of: text))
    steps.append(.match)
  }

  private mutating func append(_ syntax: PatternSyntax) throws(PatternFault) {
    guard steps.count < Self.maximumSize else {
      throw PatternReading.fault(
        "takes more than \(Self.maximumSize) steps when its counts are written out", "use smaller counts, or maxLength")
    }
    switch syntax {
    case .empty: break
    case .one(let set): steps.append(.one(set))
    case .start: steps.append(.assert(.start))
    case .end: steps.append(.assert(.end))
    case .wordBoundary: steps.append(.assert(.wordBoundary))
    case .noWordBoundary: steps.append(.assert(.noWordBoundary))
    case .sequence(let terms): for term in terms { try append(term) }
    case .choice(let branches): try append(branches)
    case .repeated(let inner, let least, let most):
      for _ in 0..<least {
        let before = steps.count
        try append(inner)
        if steps.count == before { return }
      }
      guard let most else {
        let split = steps.count
        steps.append(.match)
        try append(inner)
        steps.append(.jump(split))
        steps[split] = .split(split + 1, steps.count)
        return
      }
      var splits: [Int] = []
      for _ in least..<most {
        splits.append(steps.count)
        steps.append(.match)
        try append(inner)
      }
      for split in splits { steps[split] = .split(split + 1, steps.count) }
    }
  }

  private mutating func append(_ branches: [PatternSyntax]) throws(PatternFault) {
    var jumps: [Int] = []
    for (index, branch) in branches.enumerated() {
      let split = steps.count
      if index < branches.count - 1 { steps.append(.match) }
      try append(branch)
      guard index < branches.count - 1 else { break }
      jumps.append(steps.count)
      steps.append(.match)
      steps[split] = .split(split + 1, steps.count)
    }
    for jump in jumps { steps[jump] = .jump(steps.count) }
  }
}
