// SPDX-License-Identifier: Apache-2.0

import Octets

/// Messages, whose members may come in any order, and what an Any holds.
extension ProtobufCheck {
  mutating func message(
    _ number: Int, _ depth: Int, _ program: borrowing ProtobufProgram, _ bytes: RawSpan, isInAny: Bool = false
  ) -> Bool {
    let start = offset
    let element = ProtobufProgram.Element(kind: .message, number: number)
    guard take(UInt8(ascii: "{"), bytes) else { return fails(.element(element), at: start) }
    guard depth < ProtobufValidator.maximumDepth else { return fails(.deep, at: start) }
    let list = program.messages[number].names
    var missing = program.messages[number].required
    var met = MetMembers(program.messages[number].slots)
    skipBlanks(bytes)
    if !take(UInt8(ascii: "}"), bytes) {
      repeat {
        skipBlanks(bytes)
        guard let key = name(bytes), colon(bytes) else { return fails(.element(element), at: start) }
        if isInAny, isType(key, bytes) {
          guard text(bytes) else { return fails(.anyType, at: offset) }
          skipBlanks(bytes)
          continue
        }
        let found =
          key.isEscaped
          ? program.names.find(list, bytes, escaped: key.text) : program.names.find(list, bytes, key.text)
        guard let found else { return fails(.unknown(number), at: offset) }
        let field = program.fields[found]
        guard met.insert(field.slot) else { return fails(.twice(number), at: offset) }
        if next(bytes) == UInt8(ascii: "n"), !field.takesNull {
          // There is none.
          guard null(bytes) else { return fails(.element(element), at: start) }
        } else {
          if field.oneof >= 0, !met.insert(field.oneof) { return fails(.oneof(number), at: offset) }
          if field.isRequired { missing -= 1 }
          guard value(of: field, depth + 1, program, bytes) else { return false }
        }
        skipBlanks(bytes)
      } while take(UInt8(ascii: ","), bytes)
      guard take(UInt8(ascii: "}"), bytes) else { return fails(.element(element), at: start) }
    }
    guard missing > 0 else { return true }
    for name in list where program.fields[name].isRequired && !met.contains(program.fields[name].slot) {
      return fails(.missing(number, slot: program.fields[name].slot), at: start)
    }
    // One that is required is there as null.
    return fails(.element(element), at: start)
  }

  /// An object that says of which type it is, and has that type's fields beside it, or its value where it has a form of its own.
  mutating func any(_ depth: Int, _ program: borrowing ProtobufProgram, _ bytes: RawSpan) -> Bool {
    let start = offset
    let element = ProtobufProgram.Element(kind: .any)
    guard next(bytes) == UInt8(ascii: "{") else { return fails(.element(element), at: start) }
    guard depth < ProtobufValidator.maximumDepth else { return fails(.deep, at: start) }
    guard let found = type(bytes) else { return fails(spend(0) ? .element(element) : .ways, at: start) }
    guard let type = found else {
      // Nothing is in it at all.
      _ = take(UInt8(ascii: "{"), bytes)
      skipBlanks(bytes)
      return take(UInt8(ascii: "}"), bytes) || fails(.anyType, at: start)
    }
    guard let number = program.typeNames.find(program.typeRange, bytes, type) else { return fails(.anyType, at: start) }
    let message = program.messages[number]
    guard message.element.kind == .message, !(message.isEmpty && hasValue(bytes)) else {
      return value(ofAny: message.element, depth, program, bytes)
    }
    return self.message(number, depth, program, bytes, isInAny: true)
  }

  /// The member `value`, which is the only one beside the type.
  private mutating func value(
    ofAny element: ProtobufProgram.Element, _ depth: Int, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    let start = offset
    _ = take(UInt8(ascii: "{"), bytes)
    var hasValue = false
    repeat {
      skipBlanks(bytes)
      guard let key = name(bytes), colon(bytes) else { return fails(.anyValue, at: start) }
      if isType(key, bytes) {
        guard text(bytes) else { return fails(.anyType, at: offset) }
      } else {
        guard !hasValue, Self.isPlain(key, Self.valueName, bytes) else { return fails(.anyValue, at: start) }
        hasValue = true
        guard value(element, depth + 1, program, bytes) else { return false }
      }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return take(UInt8(ascii: "}"), bytes) && hasValue || fails(.anyValue, at: start)
  }

  /// The name in `@type` behind the last slash, wherever that stands in the object that begins here; the inner nil where there is
  /// no member at all, the outer one where it is not there once, or is none.
  private mutating func type(_ bytes: RawSpan) -> Range<Int>?? {
    let start = offset
    defer { offset = start }
    guard let members = members(bytes, { $0.isType($1, bytes) }), spend(offset - start) else { return nil }
    guard members.count > 0 else { return .some(nil) }
    guard members.found == 1, let place = members.place else { return nil }
    offset = place
    guard let address = name(bytes), !address.isEscaped, !address.text.isEmpty else { return nil }
    var first = address.text.upperBound
    while first > address.text.lowerBound, bytes.byte(at: first - 1) != UInt8(ascii: "/") { first -= 1 }
    return first..<address.text.upperBound
  }

  /// Whether the object that begins here has the member `value`.
  private mutating func hasValue(_ bytes: RawSpan) -> Bool {
    let start = offset
    defer { offset = start }
    return members(bytes) { _, key in Self.isPlain(key, Self.valueName, bytes) }.map { $0.found > 0 } ?? false
  }

  /// Counts the members of the object that begins here, and those that are looked for, with the place of one's value.
  private mutating func members(
    _ bytes: RawSpan, _ isWanted: (borrowing Self, (text: Range<Int>, isEscaped: Bool)) -> Bool
  ) -> (count: Int, found: Int, place: Int?)? {
    var (count, found, place): (Int, Int, Int?) = (0, 0, nil)
    guard take(UInt8(ascii: "{"), bytes) else { return nil }
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return (0, 0, nil) }
    repeat {
      skipBlanks(bytes)
      guard let key = name(bytes), colon(bytes) else { return nil }
      count += 1
      if isWanted(self, key) { (found, place) = (found + 1, offset) }
      guard skipValue(bytes) else { return nil }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return (count, found, place)
  }

  private borrowing func isType(_ key: (text: Range<Int>, isEscaped: Bool), _ bytes: RawSpan) -> Bool {
    Self.isPlain(key, Self.typeName, bytes)
  }

  static let typeName = Array("@type".utf8)
  static let valueName = Array("value".utf8)

  /// Whether a name is a text, which nobody writes with escapes.
  static func isPlain(
    _ key: (text: Range<Int>, isEscaped: Bool), _ text: [UInt8], _ bytes: RawSpan
  ) -> Bool {
    guard !key.isEscaped, key.text.count == text.count else { return false }
    return text.indices.allSatisfy { bytes.byte(at: key.text.lowerBound + $0) == text[$0] }
  }

  /// Any JSON whose numbers are finite.
  mutating func json(_ element: ProtobufProgram.Element, _ depth: Int, _ bytes: RawSpan) -> Bool {
    let start = offset
    switch next(bytes) {
    case UInt8(ascii: "{"):
      guard depth < ProtobufValidator.maximumDepth else { return fails(.deep, at: start) }
      offset += 1
      skipBlanks(bytes)
      if take(UInt8(ascii: "}"), bytes) { return true }
      repeat {
        skipBlanks(bytes)
        guard text(bytes), colon(bytes) else { return fails(.element(element), at: start) }
        guard json(.init(kind: .value), depth + 1, bytes) else { return false }
        skipBlanks(bytes)
      } while take(UInt8(ascii: ","), bytes)
      return take(UInt8(ascii: "}"), bytes) || fails(.element(element), at: start)
    case UInt8(ascii: "["):
      guard depth < ProtobufValidator.maximumDepth else { return fails(.deep, at: start) }
      offset += 1
      skipBlanks(bytes)
      if take(UInt8(ascii: "]"), bytes) { return true }
      repeat {
        skipBlanks(bytes)
        guard json(.init(kind: .value), depth + 1, bytes) else { return false }
        skipBlanks(bytes)
      } while take(UInt8(ascii: ","), bytes)
      return take(UInt8(ascii: "]"), bytes) || fails(.element(element), at: start)
    case UInt8(ascii: "\""): return text(bytes) || fails(.element(element), at: start)
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return boolean(bytes) || fails(.element(element), at: start)
    case UInt8(ascii: "n"): return null(bytes) || fails(.element(element), at: start)
    default: return finite(isFloat: false, bytes) || fails(.element(element), at: start)
    }
  }
}
