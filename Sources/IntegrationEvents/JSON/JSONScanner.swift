// SPDX-License-Identifier: Apache-2.0

import Octets

/// Checks JSON text in place, without building anything from it and without a call for each level: however deep a text
/// is nested, it takes a bit a level.
///
/// Source: RFC 8259, which sets no limit to nesting.
public struct JSONScanner {
  /// Where and that the text is wrong.
  public struct Failure: Error, Hashable, Sendable {
    /// How many bytes into the text.
    public let offset: Int
  }

  /// The kinds of JSON value.
  public enum Kind: Hashable, Sendable {
    case object, array, string, number, boolean, null
  }

  private var offset: Int
  private let range: Range<Int>

  private init(_ range: Range<Int>) {
    self.range = range
    offset = range.lowerBound
  }

  /// Checks that a range is one JSON value with nothing but white space around it.
  @discardableResult
  package static func validate(_ bytes: RawSpan, _ range: Range<Int>) throws(Failure) -> Kind {
    var scanner = JSONScanner(range)
    scanner.skipBlanks(bytes)
    let kind = try scanner.value(bytes)
    scanner.skipBlanks(bytes)
    guard scanner.offset == range.upperBound else { throw scanner.failure }
    return kind
  }

  /// Checks that a range is one JSON object and calls `body` with each member's key (inside its quotes) and value.
  package static func forEachMember(
    _ bytes: RawSpan, _ range: Range<Int>, _ body: (Range<Int>, Range<Int>, Kind) -> Void
  ) throws(Failure) {
    var scanner = JSONScanner(range)
    scanner.skipBlanks(bytes)
    guard scanner.take(UInt8(ascii: "{"), bytes) else { throw scanner.failure }
    scanner.skipBlanks(bytes)
    if !scanner.take(UInt8(ascii: "}"), bytes) {
      repeat {
        let key = try scanner.key(bytes)
        let start = scanner.offset
        let kind = try scanner.value(bytes)
        body(key, start..<scanner.offset, kind)
        scanner.skipBlanks(bytes)
      } while scanner.take(UInt8(ascii: ","), bytes)
      guard scanner.take(UInt8(ascii: "}"), bytes) else { throw scanner.failure }
    }
    scanner.skipBlanks(bytes)
    guard scanner.offset == range.upperBound else { throw scanner.failure }
  }

  /// Checks that a range is one JSON array and calls `body` with each element, until it says that this is enough.
  ///
  /// - Returns: false when it said so; what follows has not been checked then.
  package static func forEachElement(
    _ bytes: RawSpan, _ range: Range<Int>, _ body: (Range<Int>, Kind) -> Bool
  ) throws(Failure) -> Bool {
    var scanner = JSONScanner(range)
    scanner.skipBlanks(bytes)
    guard scanner.take(UInt8(ascii: "["), bytes) else { throw scanner.failure }
    scanner.skipBlanks(bytes)
    if !scanner.take(UInt8(ascii: "]"), bytes) {
      repeat {
        scanner.skipBlanks(bytes)
        let start = scanner.offset
        let kind = try scanner.value(bytes)
        guard body(start..<scanner.offset, kind) else { return false }
        scanner.skipBlanks(bytes)
      } while scanner.take(UInt8(ascii: ","), bytes)
      guard scanner.take(UInt8(ascii: "]"), bytes) else { throw scanner.failure }
    }
    scanner.skipBlanks(bytes)
    guard scanner.offset == range.upperBound else { throw scanner.failure }
    return true
  }

  private var failure: Failure { Failure(offset: offset - range.lowerBound) }

  private func peek(_ bytes: RawSpan) -> UInt8? { offset < range.upperBound ? bytes.byte(at: offset) : nil }

  private mutating func take(_ byte: UInt8, _ bytes: RawSpan) -> Bool {
    guard peek(bytes) == byte else { return false }
    offset += 1
    return true
  }

  private mutating func skipBlanks(_ bytes: RawSpan) {
    while let byte = peek(bytes), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
  }

  /// Reads the value that begins here to its last byte.
  private mutating func value(_ bytes: RawSpan) throws(Failure) -> Kind {
    var nesting = Nesting()
    let kind = try beginning(bytes, &nesting)
    while let isObject = nesting.isObject {
      skipBlanks(bytes)
      if nesting.isFresh {
        nesting.isFresh = false
        if take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"), bytes) {
          nesting.close()
          continue
        }
      } else if take(UInt8(ascii: ","), bytes) {
        skipBlanks(bytes)
      } else {
        guard take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"), bytes) else { throw failure }
        nesting.close()
        continue
      }
      if isObject { _ = try key(bytes) }
      _ = try beginning(bytes, &nesting)
    }
    return kind
  }

  /// Reads a value whole, or of an array or object that it begins.
  private mutating func beginning(_ bytes: RawSpan, _ nesting: inout Nesting) throws(Failure) -> Kind {
    guard let byte = peek(bytes) else { throw failure }
    switch byte {
    case UInt8(ascii: "{"):
      offset += 1
      nesting.open(isObject: true)
      return .object
    case UInt8(ascii: "["):
      offset += 1
      nesting.open(isObject: false)
      return .array
    case UInt8(ascii: "\""):
      _ = try string(bytes)
      return .string
    case UInt8(ascii: "t"):
      try literal("true", bytes)
      return .boolean
    case UInt8(ascii: "f"):
      try literal("false", bytes)
      return .boolean
    case UInt8(ascii: "n"):
      try literal("null", bytes)
      return .null
    default:
      try number(bytes)
      return .number
    }
  }

  /// Reads a member's key and colon, and gives the range inside the key's quotes; then its value begins.
  private mutating func key(_ bytes: RawSpan) throws(Failure) -> Range<Int> {
    skipBlanks(bytes)
    let key = try string(bytes)
    skipBlanks(bytes)
    guard take(UInt8(ascii: ":"), bytes) else { throw failure }
    skipBlanks(bytes)
    return key
  }

  /// Returns the range inside the quotes.
  private mutating func string(_ bytes: RawSpan) throws(Failure) -> Range<Int> {
    guard take(UInt8(ascii: "\""), bytes) else { throw failure }
    let start = offset
    while let byte = peek(bytes) {
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        return start..<(offset - 1)
      case UInt8(ascii: "\\"):
        offset += 1
        try escape(bytes)
      case 0..<0x20: throw failure
      case 0x80...:
        guard let scalar = TextScanning.scalar(bytes, at: offset, end: range.upperBound) else { throw failure }
        offset += scalar.length
      default: offset += 1
      }
    }
    throw failure
  }

  private mutating func escape(_ bytes: RawSpan) throws(Failure) {
    guard let byte = peek(bytes) else { throw failure }
    guard "\"\\/bfnrtu".utf8.contains(byte) else { throw failure }
    offset += 1
    if byte == UInt8(ascii: "u") {
      for _ in 0..<4 {
        guard let digit = peek(bytes), Hexadecimal.value(of: digit) != nil else { throw failure }
        offset += 1
      }
    }
  }

  private mutating func literal(_ text: StaticString, _ bytes: RawSpan) throws(Failure) {
    for index in 0..<text.utf8CodeUnitCount {
      guard take(unsafe text.utf8Start[index], bytes) else { throw failure }
    }
  }

  private mutating func number(_ bytes: RawSpan) throws(Failure) {
    _ = take(UInt8(ascii: "-"), bytes)
    if !take(UInt8(ascii: "0"), bytes) { try digits(bytes) }
    if take(UInt8(ascii: "."), bytes) { try digits(bytes) }
    if take(UInt8(ascii: "e"), bytes) || take(UInt8(ascii: "E"), bytes) {
      if !take(UInt8(ascii: "+"), bytes) { _ = take(UInt8(ascii: "-"), bytes) }
      try digits(bytes)
    }
  }

  private mutating func digits(_ bytes: RawSpan) throws(Failure) {
    let start = offset
    while let byte = peek(bytes), (0x30...0x39).contains(byte) { offset += 1 }
    guard offset > start else { throw failure }
  }
}

/// The arrays and objects that are open at a place in JSON text: a bit each, which says what it is.
private struct Nesting {
  private var depth = 0
  /// The innermost ones, the last in the lowest bit.
  private var inner: UInt64 = 0
  /// Those further out, 64 to a word; what is nested less takes no memory.
  private var outer: [UInt64] = []
  /// Whether the innermost has just been opened.
  var isFresh = false

  /// Whether the innermost is an object; nil when none is open.
  var isObject: Bool? { depth == 0 ? nil : inner & 1 != 0 }

  mutating func open(isObject: Bool) {
    if depth > 0, depth & 63 == 0 { outer.append(inner) }
    inner = inner << 1 | (isObject ? 1 : 0)
    depth += 1
    isFresh = true
  }

  mutating func close() {
    depth -= 1
    inner >>= 1
    isFresh = false
    if depth > 0, depth & 63 == 0, let last = outer.popLast() { inner = last }
  }

}
