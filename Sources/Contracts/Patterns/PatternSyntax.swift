// SPDX-License-Identifier: Apache-2.0

/// Why a pattern cannot be used.
package struct PatternFault: Error, Hashable, Sendable {
  /// What is wrong.
  package var problem: String
  /// What to do.
  package var advice: String
}

/// What a pattern says, as a tree.
indirect enum PatternSyntax: Hashable, Sendable {
  case empty
  case one(ScalarSet)
  case start, end, wordBoundary, noWordBoundary
  case sequence([PatternSyntax])
  case choice([PatternSyntax])
  /// At least, and at most unless nil.
  case repeated(PatternSyntax, Int, Int?)
}

/// Reads ECMA-262's syntax of regular expressions in its Unicode mode. What is an error in that mode and clear all the same,
/// such as `\-` or a `{` that begins no count, is taken for the character.
///
/// Source: ECMA-262, section 22.2.1.
struct PatternReading {
  /// Groups within each other.
  static let maximumDepth = 100

  let text: [Unicode.Scalar]
  var offset = 0
  private var depth = 0

  init(_ pattern: String) { text = Array(pattern.unicodeScalars) }

  static func syntax(of pattern: String) throws(PatternFault) -> PatternSyntax {
    var reading = PatternReading(pattern)
    let syntax = try reading.choice()
    guard reading.peek == nil else { throw fault("has a ) without its (", "write \\) for the character") }
    return syntax
  }

  static func fault(_ problem: String, _ advice: String) -> PatternFault {
    PatternFault(problem: "the pattern " + problem, advice: advice)
  }

  var peek: Unicode.Scalar? { offset < text.count ? text[offset] : nil }

  mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek == scalar else { return false }
    offset += 1
    return true
  }

  mutating func take(word: String) -> Bool {
    guard text[offset...].starts(with: word.unicodeScalars) else { return false }
    offset += word.unicodeScalars.count
    return true
  }

  private mutating func choice() throws(PatternFault) -> PatternSyntax {
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence() throws(PatternFault) -> PatternSyntax {
    var terms: [PatternSyntax] = []
    while let next = peek, next != "|", next != ")" { terms.append(try term()) }
    return terms.count == 1 ? terms[0] : terms.isEmpty ? .empty : .sequence(terms)
  }

  private mutating func term() throws(PatternFault) -> PatternSyntax {
    let atom = try atom()
    guard let (least, most) = try count() else { return atom }
    switch atom {
    case .start, .end, .wordBoundary, .noWordBoundary:
      throw Self.fault("repeats what takes no character", "take the count away")
    default: break
    }
    if let most, most < least { throw Self.fault("has a count whose end is before its start", "write the lower first") }
    _ = take("?")  // Which of two ways to match is preferred does not count here.
    if try count() != nil { throw Self.fault("has a count on a count", "group the first with (?: )") }
    return .repeated(atom, least, most)
  }

  /// How often what stands before is repeated; nil where nothing says so.
  private mutating func count() throws(PatternFault) -> (Int, Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    let start = offset
    guard take("{") else { return nil }
    if let least = number() {
      if take("}") { return (least, least) }
      if take(",") {
        if take("}") { return (least, nil) }
        if let most = number(), take("}") { return (least, most) }
      }
    }
    offset = start
    return nil
  }

  private mutating func number() -> Int? {
    var number: Int?
    while let digit = peek, ("0"..."9").contains(digit) {
      number = min((number ?? 0) * 10 + Int(digit.value - 0x30), 1_000_000_000)
      offset += 1
    }
    return number
  }

  private mutating func atom() throws(PatternFault) -> PatternSyntax {
    guard let next = peek else { return .empty }
    offset += 1
    switch next {
    case "^": return .start
    case "$": return .end
    case ".": return .one(Self.finished(.lineEnds.negated))
    case "(": return try group()
    case "[": return .one(Self.finished(try bracket()))
    case "\\":
      if take("b") { return .wordBoundary }
      if take("B") { return .noWordBoundary }
      switch try escape(inClass: false) {
      case .scalar(let scalar): return .one(Self.finished(ScalarSet(scalar...scalar)))
      case .set(let set): return .one(Self.finished(set))
      }
    case "*", "+", "?": throw Self.fault("has \(next) with nothing before it", "write \\\(next) for the character")
    default: return .one(Self.finished(ScalarSet(next.value...next.value)))
    }
  }

  private static func finished(_ set: ScalarSet) -> ScalarSet {
    var set = set
    set.finish()
    return set
  }

  /// What to write for a group of other kinds of pattern, behind its `(?`.
  private func groupInstead() -> String {
    switch peek {
    case "P": return "write (?<name> )"
    case ">": return "write (?: )"
    default: break
    }
    let flags = text[offset...].prefix { $0 != ")" && $0 != ":" }
    return flags.contains("i") && flags.count < 8
      ? "write both cases of each letter, such as [Aa]" : "say what is meant by it without it"
  }

  private mutating func group() throws(PatternFault) -> PatternSyntax {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      throw Self.fault("has more than \(Self.maximumDepth) groups within each other", "write it flatter")
    }
    if take("?") {
      for (mark, name) in [("=", "lookahead"), ("!", "lookahead"), ("<=", "lookbehind"), ("<!", "lookbehind")]
      where take(word: mark) {
        throw Self.fault(
          "uses \(name), which cannot be matched in one pass over the text",
          "say it without, such as by allOf with two patterns, or not")
      }
      if take("<") {
        while let next = peek, next != ">" {
          guard next.properties.isIDContinue || next == "$" else { break }
          offset += 1
        }
        guard take(">") else { throw Self.fault("has a group whose name has no end", "write (?<name> )") }
      } else if !take(":") {
        throw Self.fault("has a kind of group that ECMA-262 does not know", groupInstead())
      }
    }
    let inner = try choice()
    guard take(")") else { throw Self.fault("has a ( without its )", "write \\( for the character") }
    // A group is one atom, also where it holds but an assertion.
    return .sequence([inner])
  }
}
