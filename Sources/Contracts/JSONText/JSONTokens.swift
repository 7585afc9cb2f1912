// SPDX-License-Identifier: Apache-2.0

import Octets

/// What goes through JSON text in place.
///
/// Each method that says whether something is there has gone behind it when it is.
protocol JSONTokens {
  /// Where it is.
  var offset: Int { get set }
  /// Where the text ends.
  var end: Int { get }
}

/// What JSON text consists of.
extension JSONTokens {
  func isQuote(_ bytes: RawSpan) -> Bool { offset < end && bytes.byte(at: offset) == UInt8(ascii: "\"") }

  @inline(__always)
  mutating func take(_ byte: UInt8, _ bytes: RawSpan) -> Bool {
    guard offset < end, bytes.byte(at: offset) == byte else { return false }
    offset += 1
    return true
  }

  /// Most values have none in front of them, or one.
  @inline(__always)
  mutating func skipBlanks(_ bytes: RawSpan) {
    guard offset < end, bytes.byte(at: offset) <= 0x20 else { return }
    if bytes.byte(at: offset) == 0x20 {
      offset += 1
      guard offset < end, bytes.byte(at: offset) <= 0x20 else { return }
    }
    skipSomeBlanks(bytes)
  }

  private mutating func skipSomeBlanks(_ bytes: RawSpan) {
    while offset < end {
      let byte = bytes.byte(at: offset)
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      offset += 1
    }
  }

  /// The colon behind a member's name, and what is around it.
  @inline(__always)
  mutating func colon(_ bytes: RawSpan) -> Bool {
    skipBlanks(bytes)
    guard take(UInt8(ascii: ":"), bytes) else { return false }
    skipBlanks(bytes)
    return true
  }

  mutating func null(_ bytes: RawSpan) -> Bool {
    take(UInt8(ascii: "n"), bytes) && take(UInt8(ascii: "u"), bytes) && take(UInt8(ascii: "l"), bytes)
      && take(UInt8(ascii: "l"), bytes)
  }

  mutating func boolean(_ bytes: RawSpan) -> Bool {
    if take(UInt8(ascii: "t"), bytes) {
      return take(UInt8(ascii: "r"), bytes) && take(UInt8(ascii: "u"), bytes) && take(UInt8(ascii: "e"), bytes)
    }
    return take(UInt8(ascii: "f"), bytes) && take(UInt8(ascii: "a"), bytes) && take(UInt8(ascii: "l"), bytes)
      && take(UInt8(ascii: "s"), bytes) && take(UInt8(ascii: "e"), bytes)
  }

  /// A string that is a name if it is one of ASCII: what stands within its quotes, and whether it has escapes.
  mutating func name(_ bytes: RawSpan) -> (text: Range<Int>, isEscaped: Bool)? {
    guard take(UInt8(ascii: "\""), bytes) else { return nil }
    let start = offset
    var isEscaped = false
    while true {
      skipPlain(bytes)
      guard offset < end else { return nil }
      switch bytes.byte(at: offset) {
      case UInt8(ascii: "\""):
        offset += 1
        return (start..<(offset - 1), isEscaped)
      case UInt8(ascii: "\\"):
        isEscaped = true
        offset += 2
      case 0..<0x20: return nil
      default: offset += 1
      }
    }
  }

  /// A string of any characters.
  mutating func text(_ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "\""), bytes) else { return false }
    while true {
      skipPlain(bytes)
      var characters = JSONCharacters(offset)
      let character = characters.next(bytes, end)
      offset = characters.offset
      if character == JSONCharacters.end { return true }
      if character == JSONCharacters.invalid { return false }
    }
  }

  /// A string whose characters are bytes, and how many it has; nil for another.
  mutating func octets(_ bytes: RawSpan) -> Int? {
    guard take(UInt8(ascii: "\""), bytes) else { return nil }
    var characters = JSONCharacters(offset)
    var count = 0
    while true {
      let character = characters.next(bytes, end)
      if character == JSONCharacters.end { break }
      guard character <= 0xFF else { return nil }
      count += 1
    }
    offset = characters.offset
    return count
  }

  /// Any number.
  mutating func number(_ bytes: RawSpan) -> Bool {
    _ = take(UInt8(ascii: "-"), bytes)
    if !take(UInt8(ascii: "0"), bytes) { guard digits(bytes) else { return false } }
    if take(UInt8(ascii: "."), bytes) { guard digits(bytes) else { return false } }
    guard take(UInt8(ascii: "e"), bytes) || take(UInt8(ascii: "E"), bytes) else { return true }
    if !take(UInt8(ascii: "+"), bytes) { _ = take(UInt8(ascii: "-"), bytes) }
    return digits(bytes)
  }

  private mutating func digits(_ bytes: RawSpan) -> Bool {
    let start = offset
    while offset < end, (0x30...0x39).contains(bytes.byte(at: offset)) { offset += 1 }
    return offset > start
  }

  /// A number of digits alone, from a lowest to a highest.
  mutating func integer(_ lowest: Int64, _ highest: Int64, _ bytes: RawSpan) -> Bool {
    let isNegative = take(UInt8(ascii: "-"), bytes)
    let start = offset
    var value: UInt64 = 0
    while offset < end {
      let digit = bytes.byte(at: offset) &- 0x30
      guard digit <= 9 else { break }
      // Nineteen digits are below 2⁶⁴, and no range goes beyond them.
      guard offset - start < 19 else { return false }
      value = value &* 10 &+ UInt64(digit)
      offset += 1
    }
    guard offset > start, bytes.byte(at: start) != UInt8(ascii: "0") || offset == start + 1 else { return false }
    if offset < end {
      let next = bytes.byte(at: offset)
      guard next != UInt8(ascii: "."), next | 0x20 != UInt8(ascii: "e") else { return false }
    }
    return isNegative ? value <= lowest.magnitude && (lowest < 0 || value == 0) : value <= UInt64(highest)
  }

  /// Goes behind a value whose form does not matter yet; false where none ends.
  mutating func skipValue(_ bytes: RawSpan) -> Bool {
    var depth = 0
    repeat {
      skipBlanks(bytes)
      guard offset < end else { return false }
      switch bytes.byte(at: offset) {
      case UInt8(ascii: "\""): guard name(bytes) != nil else { return false }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        offset += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        guard depth >= 0 else { return false }
        offset += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard depth > 0 else { return false }
        offset += 1
      default:
        let start = offset
        skipWord(bytes)
        guard offset > start else { return false }
      }
    } while depth > 0
    return true
  }

  /// A number or a literal: to what can end it.
  private mutating func skipWord(_ bytes: RawSpan) {
    while offset < end {
      switch bytes.byte(at: offset) {
      case 0...0x20, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "\""),
        UInt8(ascii: "["), UInt8(ascii: "{"):
        return
      default: offset += 1
      }
    }
  }

  /// Goes on while there is neither a control, a quote, a backslash, nor anything beyond ASCII; eight bytes at a time.
  mutating func skipPlain(_ bytes: RawSpan) {
    let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    while offset + 8 <= end {
      let word = bytes.word(at: offset)
      // A borrow can only make a byte above a culprit look like one, never hide it.
      let quote = (word ^ (ones &* 0x22)) &- ones
      let backslash = (word ^ (ones &* 0x5C)) &- ones
      let found = (quote | backslash | (word &- ones &* 0x20) | word) & highs
      guard found == 0 else {
        offset += found.trailingZeroBitCount / 8
        return
      }
      offset += 8
    }
    while offset < end {
      let byte = bytes.byte(at: offset)
      guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { return }
      offset += 1
    }
  }
}
