// SPDX-License-Identifier: Apache-2.0

/// One check of a text by a program.
///
/// Each method that says whether something matches has gone behind it when it does; else it notes what does not.
struct AvroCheck: JSONTokens {
  /// What does not match.
  enum Rule {
    case type(Int)
    case missing(Int, field: Int)
    case unknown(Int)
    case twice(Int)
    case deep, ways, end
  }

  var offset: Int
  let end: Int
  var rule = Rule.ways
  /// Where the value begins that does not match.
  var failedAt: Int
  /// Bytes that were looked at to no avail, or for a choice alone.
  private(set) var spent = 0
  private let patience: Int

  init(_ range: Range<Int>) {
    (offset, end, failedAt) = (range.lowerBound, range.upperBound, range.lowerBound)
    patience = 256 * range.count + 65_536
  }

  mutating func whole(_ program: borrowing AvroProgram, _ bytes: RawSpan) -> Bool {
    skipBlanks(bytes)
    guard value(program.root, 0, program, bytes) else { return false }
    skipBlanks(bytes)
    return offset == end || fails(.end, at: offset)
  }

  /// Notes what does not match.
  mutating func fails(_ rule: Rule, at offset: Int) -> Bool {
    (self.rule, failedAt) = (rule, offset)
    return false
  }

  /// Notes bytes that were looked at; false when they have become too many.
  mutating func spend(_ count: Int) -> Bool {
    spent += count + 1
    return spent <= patience
  }

  /// Checks the value that begins here.
  mutating func value(_ type: Int, _ depth: Int, _ program: borrowing AvroProgram, _ bytes: RawSpan) -> Bool {
    let start = offset
    guard start < end else { return fails(.type(type), at: start) }
    let step = program.steps[type]
    let matches: Bool
    switch step.kind {
    case .record: return record(type, step.first, depth, program, bytes)
    case .array: return array(type, step.first, depth, program, bytes)
    case .map: return map(type, step.first, depth, program, bytes)
    case .union: return union(type, step.first, depth, program, bytes)
    case .null: matches = null(bytes)
    case .boolean: matches = boolean(bytes)
    case .int: matches = integer(Int64(Int32.min), Int64(Int32.max), bytes)
    case .long: matches = integer(.min, .max, bytes)
    case .number: matches = number(bytes)
    case .text: matches = text(bytes)
    case .octets: matches = octets(bytes) != nil
    case .fixed: matches = octets(bytes) == step.first
    case .enumeration: matches = symbol(program.enumerations[step.first], program, bytes)
    case .decimal: matches = decimal(precision: step.first, scale: step.second, bytes)
    case .uuid: matches = uuid(bytes)
    case .date: matches = isQuote(bytes) ? date(bytes) : integer(Int64(Int32.min), Int64(Int32.max), bytes)
    case .time: matches = isQuote(bytes) ? time(bytes) : integer(0, Int64(step.first) - 1, bytes)
    case .timestamp: matches = isQuote(bytes) ? timestamp(hasZone: true, bytes) : integer(.min, .max, bytes)
    case .localTimestamp: matches = isQuote(bytes) ? timestamp(hasZone: false, bytes) : integer(.min, .max, bytes)
    }
    return matches || fails(.type(type), at: start)
  }

  private mutating func array(
    _ type: Int, _ items: Int, _ depth: Int, _ program: borrowing AvroProgram, _ bytes: RawSpan
  ) -> Bool {
    let start = offset
    guard take(UInt8(ascii: "["), bytes) else { return fails(.type(type), at: start) }
    guard depth < AvroValidator.maximumDepth else { return fails(.deep, at: start) }
    skipBlanks(bytes)
    if take(UInt8(ascii: "]"), bytes) { return true }
    repeat {
      skipBlanks(bytes)
      guard value(items, depth + 1, program, bytes) else { return false }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return take(UInt8(ascii: "]"), bytes) || fails(.type(type), at: start)
  }

  private mutating func map(
    _ type: Int, _ values: Int, _ depth: Int, _ program: borrowing AvroProgram, _ bytes: RawSpan
  ) -> Bool {
    let start = offset
    guard take(UInt8(ascii: "{"), bytes) else { return fails(.type(type), at: start) }
    guard depth < AvroValidator.maximumDepth else { return fails(.deep, at: start) }
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return true }
    repeat {
      skipBlanks(bytes)
      guard text(bytes), colon(bytes) else { return fails(.type(type), at: start) }
      guard value(values, depth + 1, program, bytes) else { return false }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return take(UInt8(ascii: "}"), bytes) || fails(.type(type), at: start)
  }

  private mutating func symbol(_ symbols: Range<Int>, _ program: borrowing AvroProgram, _ bytes: RawSpan) -> Bool {
    guard let found = name(bytes) else { return false }
    if found.isEscaped { return program.names.find(symbols, bytes, escaped: found.text) != nil }
    return program.names.find(symbols, bytes, found.text) != nil
  }
}
