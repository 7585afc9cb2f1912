// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// Values that are no messages, without their tags.
extension ProtobufWriting {
  mutating func scalar(
    _ element: ProtobufProgram.Element, _ wire: ProtobufField.Kind, _ program: borrowing ProtobufProgram,
    _ bytes: RawSpan
  ) -> Bool {
    switch wire {
    case .bool:
      output.append(next(bytes) == UInt8(ascii: "t") ? 1 : 0)
      return boolean(bytes)
    case .string:
      guard let text = name(bytes) else { return false }
      let start = output.open()
      guard output.appendUnescaped(bytes, text.text) else { return false }
      output.close(start)
      return true
    case .bytes: return base64(bytes)
    case .double:
      guard let value = double(bytes) else { return false }
      output.fixed(value.bitPattern, 8)
      return true
    case .float:
      guard let value = float(bytes) else { return false }
      output.fixed(UInt64(value.bitPattern), 4)
      return true
    case .enumeration: return enumeration(element, program, bytes)
    default: return whole(wire, bytes)
    }
  }

  private mutating func whole(_ wire: ProtobufField.Kind, _ bytes: RawSpan) -> Bool {
    let isQuoted = next(bytes) == UInt8(ascii: "\"")
    guard let number = isQuoted ? numberInQuotes(bytes) : number(to: bytes), let whole = number.whole else {
      return false
    }
    write(whole, number.isNegative, wire)
    return true
  }

  private mutating func write(_ magnitude: UInt64, _ isNegative: Bool, _ wire: ProtobufField.Kind) {
    let value = isNegative ? 0 &- magnitude : magnitude
    switch wire {
    case .sint32, .sint64:
      let signed = Int64(bitPattern: value)
      output.varint(UInt64(bitPattern: signed << 1 ^ signed >> 63))
    case .fixed32, .sfixed32: output.fixed(value, 4)
    case .fixed64, .sfixed64: output.fixed(value, 8)
    default: output.varint(value)
    }
  }

  /// A whole number in quotes, of digits alone.
  mutating func digits(_ wire: ProtobufField.Kind, _ bytes: RawSpan) -> Bool {
    var form = JSONTextForm(offset + 1, end, bytes)
    let isNegative = form.take("-", bytes)
    var whole: UInt64 = 0
    while let digit = form.digit(bytes) { whole = whole &* 10 &+ UInt64(digit) }
    offset = form.offset
    write(whole, isNegative, wire)
    return form.next == JSONCharacters.end
  }

  private mutating func enumeration(
    _ element: ProtobufProgram.Element, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    if next(bytes) == UInt8(ascii: "n") {
      output.append(0)
      return null(bytes)
    }
    guard next(bytes) == UInt8(ascii: "\"") else { return whole(.int32, bytes) }
    let names = program.enumerations[element.number].names
    guard let found = name(bytes) else { return false }
    let value =
      found.isEscaped
      ? program.names.find(names, bytes, escaped: found.text) : program.names.find(names, bytes, found.text)
    guard let value else { return false }
    output.varint(UInt64(bitPattern: Int64(program.fields[value].number)))
    return true
  }

  /// The text of a number, with or without quotes, and without escapes.
  private mutating func numberText(_ bytes: RawSpan) -> String? {
    guard next(bytes) == UInt8(ascii: "\"") else {
      let start = offset
      return number(bytes) ? bytes.text(start..<offset) : nil
    }
    guard let text = name(bytes) else { return nil }
    guard text.isEscaped else { return bytes.text(text.text) }
    var unescaped: [UInt8] = []
    return unescaped.appendUnescaped(bytes, text.text) ? String(decoding: unescaped, as: UTF8.self) : nil
  }

  mutating func double(_ bytes: RawSpan) -> Double? { numberText(bytes).flatMap(Self.double) }

  private static func double(_ text: String) -> Double? {
    text == "NaN" ? .nan : text == "Infinity" ? .infinity : text == "-Infinity" ? -.infinity : Double(text)
  }

  private mutating func float(_ bytes: RawSpan) -> Float? {
    guard let text = numberText(bytes) else { return nil }
    return text == "NaN" ? .nan : text == "Infinity" ? .infinity : text == "-Infinity" ? -.infinity : Float(text)
  }

  private mutating func base64(_ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "\""), bytes) else { return false }
    var characters = JSONCharacters(offset)
    let start = output.open()
    var (value, bits): (UInt32, UInt32) = (0, 0)
    while true {
      let character = characters.next(bytes, end)
      if character == JSONCharacters.end { break }
      let digit: UInt32
      switch character {
      case 0x41...0x5A: digit = character - 0x41
      case 0x61...0x7A: digit = character - 71
      case 0x30...0x39: digit = character + 4
      case 0x2B, 0x2D: digit = 62
      case 0x2F, 0x5F: digit = 63
      case 0x3D: continue
      default: return false
      }
      value = (value << 6 | digit) & 0xFFFF
      bits += 6
      if bits >= 8 {
        bits -= 8
        output.append(UInt8(truncatingIfNeeded: value >> bits))
      }
    }
    offset = characters.offset
    output.close(start)
    return true
  }
}
