// SPDX-License-Identifier: Apache-2.0

import Octets

/// Escapes, and classes in brackets.
extension PatternReading {
  enum Escape {
    case scalar(UInt32)
    case set(ScalarSet)
  }

  /// Reads what stands behind a backslash.
  mutating func escape(inClass: Bool) throws(PatternFault) -> Escape {
    guard let next = peek else { throw Self.fault("ends with a backslash", "write \\\\ for the character") }
    offset += 1
    switch next {
    case "d": return .set(.digits)
    case "D": return .set(ScalarSet.digits.negated)
    case "w": return .set(.words)
    case "W": return .set(ScalarSet.words.negated)
    case "s": return .set(.blanks)
    case "S": return .set(ScalarSet.blanks.negated)
    case "p", "P": return .set(try property(isNegated: next == "P"))
    case "t": return .scalar(0x09)
    case "n": return .scalar(0x0A)
    case "v": return .scalar(0x0B)
    case "f": return .scalar(0x0C)
    case "r": return .scalar(0x0D)
    case "b" where inClass: return .scalar(0x08)
    case "0":
      if let digit = peek, ("0"..."9").contains(digit) { break }
      return .scalar(0)
    case "1"..."9" where !inClass, "k" where !inClass:
      throw Self.fault(
        "uses a backreference, which cannot be matched in one pass over the text",
        "say it without, or check it elsewhere")
    case "c":
      guard let letter = peek, letter.isASCII, letter.properties.isAlphabetic else { break }
      offset += 1
      return .scalar(letter.value % 32)
    case "x": if let value = hexadecimal(2) { return .scalar(value) }
    case "u": if let value = unicode() { return .scalar(value) }
    default:
      guard next.isASCII, next.properties.isAlphabetic || ("0"..."9").contains(next) else { return .scalar(next.value) }
    }
    throw Self.fault(
      "has the escape \\\(ForeignText(String(next))), which ECMA-262 does not know", Self.instead(of: next))
  }

  /// What to write for an escape of other kinds of pattern, or one that is not whole.
  private static func instead(of letter: Unicode.Scalar) -> String {
    switch letter {
    case "A": "write ^"
    case "Z", "z": "write $"
    case "a": "write \\x07"
    case "e": "write \\x1B"
    case "h": "write [ \\t]"
    case "R": "write \\r?\\n"
    case "x": "write two hexadecimal digits behind it"
    case "u": "write four hexadecimal digits behind it, or some in braces"
    case "c": "write a letter behind it"
    case "0"..."9": "write \\x and two hexadecimal digits"
    default: "write what is meant by it without it: the character, or a class in brackets"
    }
  }

  private mutating func hexadecimal(_ count: Int) -> UInt32? {
    guard offset + count <= text.count else { return nil }
    var value: UInt32 = 0
    for digit in text[offset..<(offset + count)] {
      guard digit.isASCII, let bits = Hexadecimal.value(of: UInt8(digit.value)) else { return nil }
      value = value << 4 | UInt32(bits)
    }
    offset += count
    return value
  }

  /// Behind `\u`: four digits, a pair of surrogates, or any number of digits in braces.
  private mutating func unicode() -> UInt32? {
    if take("{") {
      var value: UInt32 = 0
      while let digit = peek, digit.isASCII, let bits = Hexadecimal.value(of: UInt8(digit.value)) {
        value = value << 4 | UInt32(bits)
        guard value <= 0x10FFFF else { return nil }
        offset += 1
      }
      return text[offset - 1] != "{" && take("}") ? value : nil
    }
    guard let high = hexadecimal(4) else { return nil }
    let start = offset
    if (0xD800...0xDBFF).contains(high), take(word: "\\u"), let low = hexadecimal(4), (0xDC00...0xDFFF).contains(low) {
      return 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
    }
    offset = start
    return high
  }

  private mutating func property(isNegated: Bool) throws(PatternFault) -> ScalarSet {
    guard take("{") else { throw Self.fault("has \\p without {", "write such as \\p{L}") }
    var name = ""
    while let next = peek, next != "}" {
      name.unicodeScalars.append(next)
      offset += 1
    }
    guard take("}"), let set = ScalarSet.named(name, isNegated: isNegated) else {
      throw Self.fault(
        "has \\p{\(ForeignText(ForeignText(name).shortened(to: 64)))}, which is not known here",
        "use a general category such as \\p{L}, or ranges")
    }
    return set
  }

  /// Reads a class behind its `[`.
  mutating func bracket() throws(PatternFault) -> ScalarSet {
    var set = ScalarSet()
    let isNegated = take("^")
    while !take("]") {
      let first = try classAtom()
      guard case .scalar(let low) = first, peek == "-", offset + 1 < text.count, text[offset + 1] != "]" else {
        Self.add(first, to: &set)
        continue
      }
      offset += 1
      let second = try classAtom()
      guard case .scalar(let high) = second else {
        // As in `[a-\d]`: the hyphen itself.
        Self.add(first, to: &set)
        Self.add(.scalar(0x2D), to: &set)
        Self.add(second, to: &set)
        continue
      }
      guard low <= high else { throw Self.fault("has a range whose end is before its start", "write the lower first") }
      set.insert(low...high)
    }
    if isNegated { set.negate() }
    return set
  }

  private mutating func classAtom() throws(PatternFault) -> Escape {
    guard let next = peek else { throw Self.fault("has a [ without its ]", "write \\[ for the character") }
    offset += 1
    return next == "\\" ? try escape(inClass: true) : .scalar(next.value)
  }

  private static func add(_ escape: Escape, to set: inout ScalarSet) {
    switch escape {
    case .scalar(let scalar): set.insert(scalar...scalar)
    case .set(let other): set.formUnion(other)
    }
  }
}
