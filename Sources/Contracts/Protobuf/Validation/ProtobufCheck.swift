// SPDX-License-Identifier: Apache-2.0

import Octets

/// One check of a text by a program.
///
/// Each method that says whether something matches has gone behind it when it does; else it notes what does not.
struct ProtobufCheck: JSONTokens {
  /// What does not match.
  enum Rule {
    case element(ProtobufProgram.Element)
    case list, map
    case key(ProtobufProgram.Kind)
    case unknown(Int)
    case twice(Int)
    case oneof(Int)
    case missing(Int, slot: Int)
    case anyType, anyValue
    case deep, ways, end
  }

  var offset: Int
  let end: Int
  private(set) var rule = Rule.ways
  /// Where the value begins that does not match.
  private(set) var failedAt: Int
  /// Bytes that were looked at for what stands before or behind them.
  private var spent = 0
  private let patience: Int

  init(_ range: Range<Int>) {
    (offset, end, failedAt) = (range.lowerBound, range.upperBound, range.lowerBound)
    patience = 256 * range.count + 65_536
  }

  mutating func whole(_ program: borrowing ProtobufProgram, _ bytes: RawSpan) -> Bool {
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
  mutating func value(
    _ element: ProtobufProgram.Element, _ depth: Int, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    let start = offset
    let matches: Bool
    switch element.kind {
    case .message: return message(element.number, depth, program, bytes)
    case .any: return any(depth, program, bytes)
    case .value: return json(element, depth, bytes)
    case .structure:
      return next(bytes) == UInt8(ascii: "{") ? json(element, depth, bytes) : fails(.element(element), at: start)
    case .list:
      return next(bytes) == UInt8(ascii: "[") ? json(element, depth, bytes) : fails(.element(element), at: start)
    case .int32: matches = whole(Int64(Int32.min), UInt64(Int32.max), bytes)
    case .int64: matches = whole(.min, UInt64(Int64.max), bytes)
    case .uint32: matches = whole(0, UInt64(UInt32.max), bytes)
    case .uint64: matches = whole(0, .max, bytes)
    case .float: matches = fraction(isFloat: true, bytes)
    case .double: matches = fraction(isFloat: false, bytes)
    case .bool: matches = boolean(bytes)
    case .text: matches = text(bytes)
    case .bytes: matches = base64(bytes)
    case .enumeration: matches = symbol(program.enumerations[element.number], program, bytes)
    case .null:
      matches =
        next(bytes) == UInt8(ascii: "n") ? null(bytes) : symbol(program.enumerations[element.number], program, bytes)
    case .timestamp: matches = timestamp(bytes)
    case .duration: matches = duration(bytes)
    case .fieldMask: matches = fieldMask(bytes)
    }
    return matches || fails(.element(element), at: start)
  }

  /// The byte that is here; 0 at the end.
  func next(_ bytes: RawSpan) -> UInt8 { offset < end ? bytes.byte(at: offset) : 0 }

  /// The value of a member.
  mutating func value(
    of field: ProtobufProgram.Field, _ depth: Int, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    switch field.shape {
    case .one: value(field.element, depth, program, bytes)
    case .repeated: array(field.element, depth, program, bytes)
    case .map: map(field, depth, program, bytes)
    }
  }

  private mutating func array(
    _ items: ProtobufProgram.Element, _ depth: Int, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    let start = offset
    guard take(UInt8(ascii: "["), bytes) else { return fails(.list, at: start) }
    guard depth < ProtobufValidator.maximumDepth else { return fails(.deep, at: start) }
    skipBlanks(bytes)
    if take(UInt8(ascii: "]"), bytes) { return true }
    repeat {
      skipBlanks(bytes)
      guard value(items, depth + 1, program, bytes) else { return false }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return take(UInt8(ascii: "]"), bytes) || fails(.list, at: start)
  }

  private mutating func map(
    _ field: ProtobufProgram.Field, _ depth: Int, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    let start = offset
    guard take(UInt8(ascii: "{"), bytes) else { return fails(.map, at: start) }
    guard depth < ProtobufValidator.maximumDepth else { return fails(.deep, at: start) }
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return true }
    repeat {
      skipBlanks(bytes)
      let place = offset
      guard key(field.key, bytes) else { return fails(.key(field.key), at: place) }
      guard colon(bytes) else { return fails(.map, at: start) }
      guard value(field.element, depth + 1, program, bytes) else { return false }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return take(UInt8(ascii: "}"), bytes) || fails(.map, at: start)
  }

  /// A map's key, which is always a string.
  private mutating func key(_ kind: ProtobufProgram.Kind, _ bytes: RawSpan) -> Bool {
    guard next(bytes) == UInt8(ascii: "\"") else { return false }
    switch kind {
    case .int32: return keyOfDigits(Int64(Int32.min), UInt64(Int32.max), bytes)
    case .int64: return keyOfDigits(.min, UInt64(Int64.max), bytes)
    case .uint32: return keyOfDigits(0, UInt64(UInt32.max), bytes)
    case .uint64: return keyOfDigits(0, .max, bytes)
    case .bool: return booleanInQuotes(bytes)
    default: return text(bytes)
    }
  }

  private mutating func symbol(
    _ enumeration: ProtobufProgram.Enumeration, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    guard next(bytes) == UInt8(ascii: "\"") else {
      guard let number = int32(bytes) else { return false }
      return !enumeration.isClosed || Self.contains(enumeration.numbers, number)
    }
    guard let found = name(bytes) else { return false }
    if found.isEscaped { return program.names.find(enumeration.names, bytes, escaped: found.text) != nil }
    return program.names.find(enumeration.names, bytes, found.text) != nil
  }

  private static func contains(_ numbers: [Int], _ number: Int) -> Bool {
    var (low, high) = (0, numbers.count)
    while low < high {
      let middle = (low + high) / 2
      if numbers[middle] == number { return true }
      if numbers[middle] < number { low = middle + 1 } else { high = middle }
    }
    return false
  }
}
