import Octets

/// Checks JSON text in place, without building anything from it.
///
/// Source: RFC 8259. Nesting deeper than `maximumDepth` is refused.
public struct JSONScanner {
  /// How deep arrays and objects may nest.
  public static let maximumDepth = 512

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
    let kind = try scanner.value(bytes, depth: 0)
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
    try scanner.members(bytes, depth: 1, body)
    scanner.skipBlanks(bytes)
    guard scanner.offset == range.upperBound else { throw scanner.failure }
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

  private mutating func value(_ bytes: RawSpan, depth: Int) throws(Failure) -> Kind {
    skipBlanks(bytes)
    guard let byte = peek(bytes) else { throw failure }
    let kind: Kind
    if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
      guard depth < Self.maximumDepth else { throw failure }
    }
    switch byte {
    case UInt8(ascii: "{"):
      offset += 1
      try members(bytes, depth: depth + 1) { _, _, _ in }
      kind = .object
    case UInt8(ascii: "["):
      offset += 1
      try elements(bytes, depth: depth + 1)
      kind = .array
    case UInt8(ascii: "\""):
      _ = try string(bytes)
      kind = .string
    case UInt8(ascii: "t"):
      try literal("true", bytes)
      kind = .boolean
    case UInt8(ascii: "f"):
      try literal("false", bytes)
      kind = .boolean
    case UInt8(ascii: "n"):
      try literal("null", bytes)
      kind = .null
    default:
      try number(bytes)
      kind = .number
    }
    skipBlanks(bytes)
    return kind
  }

  private mutating func members(
    _ bytes: RawSpan, depth: Int, _ body: (Range<Int>, Range<Int>, Kind) -> Void
  ) throws(Failure) {
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return }
    repeat {
      skipBlanks(bytes)
      let key = try string(bytes)
      skipBlanks(bytes)
      guard take(UInt8(ascii: ":"), bytes) else { throw failure }
      skipBlanks(bytes)
      let start = offset
      let kind = try value(bytes, depth: depth)
      var end = offset
      while end > start, [0x20, 0x0A, 0x0D, 0x09].contains(bytes.byte(at: end - 1)) { end -= 1 }
      body(key, start..<end, kind)
    } while take(UInt8(ascii: ","), bytes)
    guard take(UInt8(ascii: "}"), bytes) else { throw failure }
  }

  private mutating func elements(_ bytes: RawSpan, depth: Int) throws(Failure) {
    skipBlanks(bytes)
    if take(UInt8(ascii: "]"), bytes) { return }
    repeat { _ = try value(bytes, depth: depth) } while take(UInt8(ascii: ","), bytes)
    guard take(UInt8(ascii: "]"), bytes) else { throw failure }
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
