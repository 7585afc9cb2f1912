// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// Ways through JSON text in place, once `JSONScanner` has checked it: every byte that is looked for is there.
enum JSONPlace {
  /// Where the value that begins here ends.
  static func end(_ bytes: RawSpan, of start: Int) -> Int {
    switch bytes.byte(at: start) {
    case UInt8(ascii: "\""): return stringEnd(bytes, of: start)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      var depth = 0
      var offset = start
      repeat {
        switch bytes.byte(at: offset) {
        case UInt8(ascii: "\""): offset = stringEnd(bytes, of: offset)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          depth += 1
          offset += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          depth -= 1
          offset += 1
        default: offset += 1
        }
      } while depth > 0
      return offset
    case UInt8(ascii: "t"), UInt8(ascii: "n"): return start + 4
    case UInt8(ascii: "f"): return start + 5
    default:
      var offset = start
      while offset < bytes.byteCount {
        switch bytes.byte(at: offset) {
        case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
          offset += 1
        default: return offset
        }
      }
      return offset
    }
  }

  /// Where the string that begins here ends, behind its closing quote.
  static func stringEnd(_ bytes: RawSpan, of start: Int) -> Int {
    var hasEscape = false
    return stringEnd(bytes, of: start, hasEscape: &hasEscape)
  }

  /// Where the string that begins here ends, and whether it has an escape: eight bytes at a time as long as there are.
  static func stringEnd(_ bytes: RawSpan, of start: Int, hasEscape: inout Bool) -> Int {
    var offset = start + 1
    while true {
      while offset &+ 8 <= bytes.byteCount {
        // The check is the line above.
        let word = unsafe bytes.word(unchecked: offset)
        let found = zeroBytes(word ^ 0x2222_2222_2222_2222) | zeroBytes(word ^ 0x5C5C_5C5C_5C5C_5C5C)
        guard found == 0 else {
          offset &+= found.trailingZeroBitCount / 8
          break
        }
        offset &+= 8
      }
      switch bytes.byte(at: offset) {
      case UInt8(ascii: "\""): return offset + 1
      case UInt8(ascii: "\\"):
        hasEscape = true
        offset += 2
      default: offset += 1
      }
    }
  }

  /// The highest bit of each byte that is zero; of those above the first such it may say so wrongly.
  @inline(__always)
  private static func zeroBytes(_ word: UInt64) -> UInt64 {
    (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
  }

  static func skipBlanks(_ bytes: RawSpan, _ start: Int) -> Int {
    var offset = start
    while offset < bytes.byteCount {
      switch bytes.byte(at: offset) {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return offset
      }
    }
    return offset
  }

  /// The first member's name, or element, behind the bracket here; nil when there is none.
  static func first(_ bytes: RawSpan, in container: Int) -> Int? {
    let offset = skipBlanks(bytes, container + 1)
    let byte = bytes.byte(at: offset)
    return byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") ? nil : offset
  }

  /// The next one, behind a value that ended here; nil when there is none. `end` is then behind the closing bracket.
  static func next(_ bytes: RawSpan, after value: Int, end: inout Int) -> Int? {
    let offset = skipBlanks(bytes, value)
    if bytes.byte(at: offset) == UInt8(ascii: ",") { return skipBlanks(bytes, offset + 1) }
    end = offset + 1
    return nil
  }

  /// The value behind a name that ended here.
  static func value(_ bytes: RawSpan, afterName end: Int) -> Int { skipBlanks(bytes, skipBlanks(bytes, end) + 1) }

  /// Where an object or array without anything in it ends.
  static func emptyEnd(_ bytes: RawSpan, of container: Int) -> Int { skipBlanks(bytes, container + 1) + 1 }

  /// Whether arrays and objects lie deeper within each other than a limit.
  static func isDeeper(_ bytes: RawSpan, _ range: Range<Int>, than limit: Int) -> Bool {
    // Each level takes two bytes.
    guard range.count > 2 * limit else { return false }
    var depth = 0
    var offset = range.lowerBound
    while offset < range.upperBound {
      switch bytes.byte(at: offset) {
      case UInt8(ascii: "\""): offset = stringEnd(bytes, of: offset)
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        if depth > limit { return true }
        offset += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        offset += 1
      default: offset += 1
      }
    }
    return false
  }

  /// The text inside quotes here, for words about it: half a surrogate pair is replaced, long text shortened.
  static func text(_ bytes: RawSpan, _ start: Int) -> String {
    var scalars = StringScalars((start + 1)..<(stringEnd(bytes, of: start) - 1), isEscaped: true)
    var text = ""
    while let scalar = scalars.next(bytes) {
      text.unicodeScalars.append(Unicode.Scalar(scalar) ?? "\u{FFFD}")
      if text.utf8.count > 256 { return ForeignText(text).shortened() }
    }
    return text
  }

  /// A value of a schema as it stands there, shortened.
  static func shown(_ bytes: RawSpan, _ start: Int) -> String {
    let end = min(end(bytes, of: start), start + 256)
    let text = String(decoding: (start..<end).map { bytes.byte(at: $0) }, as: UTF8.self)
    return "\(ForeignText(ForeignText(text).shortened(to: 64)))"
  }

  /// The JSON Pointer to the value at an offset. Source: RFC 6901.
  static func pointer(_ bytes: RawSpan, to target: Int, from root: Int) -> String {
    var pointer = ""
    var place = root
    while place < target {
      let isObject = bytes.byte(at: place) == UInt8(ascii: "{")
      guard isObject || bytes.byte(at: place) == UInt8(ascii: "["), var item = first(bytes, in: place) else {
        return pointer
      }
      var index = 0
      while true {
        let start = isObject ? value(bytes, afterName: stringEnd(bytes, of: item)) : item
        let valueEnd = end(bytes, of: start)
        if target < valueEnd {
          pointer += "/" + (isObject ? escaped(text(bytes, item)) : String(index))
          place = start
          break
        }
        var containerEnd = 0
        guard let following = next(bytes, after: valueEnd, end: &containerEnd) else { return pointer }
        item = following
        index += 1
      }
      // A name was meant: the pointer goes to its member.
      if target < place { return pointer }
    }
    return pointer
  }

  /// A reference token. Source: RFC 6901, section 3.
  static func escaped(_ token: String) -> String {
    guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return token }
    var escaped = ""
    for scalar in token.unicodeScalars {
      switch scalar {
      case "~": escaped += "~0"
      case "/": escaped += "~1"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
