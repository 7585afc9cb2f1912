// SPDX-License-Identifier: Apache-2.0

import Octets

/// Values that hold no others.
extension AvroWriting {
  mutating func scalar(_ step: AvroPlan.Step, _ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Bool {
    switch step.kind {
    case .null: return null(bytes)
    case .boolean:
      output.append(bytes.byte(at: offset) == UInt8(ascii: "t") ? 1 : 0)
      return boolean(bytes)
    case .int: return long(Int64(Int32.min), Int64(Int32.max), bytes)
    case .long: return long(.min, .max, bytes)
    case .float: return float(bytes)
    case .double: return double(bytes)
    case .string: return string(bytes)
    case .bytes: return octets(bytes)
    case .fixed: return fixed(step.first, bytes)
    case .enumeration: return symbol(plan.enumerations[step.first], plan, bytes)
    case .decimal, .bigDecimal: return decimal(step, bytes)
    case .uuidText: return uuid(bytes)
    case .uuidBytes: return uuidBytes(bytes)
    case .date: return isQuote(bytes) ? date(bytes) : long(Int64(Int32.min), Int64(Int32.max), bytes)
    case .time: return isQuote(bytes) ? time(step.first, bytes) : long(0, 86_400 * Int64(step.first) - 1, bytes)
    case .timestamp, .localTimestamp:
      return isQuote(bytes)
        ? timestamp(step.first, hasZone: step.kind == .timestamp, bytes) : long(.min, .max, bytes)
    case .array, .map, .record, .union: return false
    }
  }

  private mutating func long(_ lowest: Int64, _ highest: Int64, _ bytes: RawSpan) -> Bool {
    let start = offset
    guard integer(lowest, highest, bytes) else { return false }
    let isNegative = bytes.byte(at: start) == UInt8(ascii: "-")
    var value: UInt64 = 0
    for index in (isNegative ? start + 1 : start)..<offset {
      value = value &* 10 &+ UInt64(bytes.byte(at: index) &- 0x30)
    }
    output.long(Int64(bitPattern: isNegative ? 0 &- value : value))
    return true
  }

  /// A string of any characters, in UTF-8.
  mutating func string(_ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "\""), bytes) else { return false }
    var start = offset
    skipPlain(bytes)
    guard offset < end else { return false }
    // Most have neither escapes nor anything beyond ASCII.
    if bytes.byte(at: offset) == UInt8(ascii: "\"") {
      output.long(Int64(offset - start))
      output.append(bytes, start..<offset)
      offset += 1
      return true
    }
    let begun = output.open()
    while true {
      output.append(bytes, start..<offset)
      var characters = JSONCharacters(offset)
      let character = characters.next(bytes, end)
      offset = characters.offset
      if character == JSONCharacters.end { break }
      guard character != JSONCharacters.invalid else { return false }
      output.character(character)
      start = offset
      skipPlain(bytes)
    }
    output.close(begun, output.count - begun)
    return true
  }

  private mutating func octets(_ bytes: RawSpan) -> Bool {
    let start = output.open()
    guard appendOctets(bytes) else { return false }
    output.close(start, output.count - start)
    return true
  }

  private mutating func fixed(_ size: Int, _ bytes: RawSpan) -> Bool {
    let start = output.count
    return appendOctets(bytes) && output.count - start == size
  }

  private mutating func appendOctets(_ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "\""), bytes) else { return false }
    var characters = JSONCharacters(offset)
    while true {
      let character = characters.next(bytes, end)
      if character == JSONCharacters.end { break }
      guard let octet = UInt8(exactly: character) else { return false }
      output.append(octet)
    }
    offset = characters.offset
    return true
  }

  private mutating func symbol(_ symbols: Range<Int>, _ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Bool {
    guard let found = name(bytes) else { return false }
    let symbol =
      found.isEscaped
      ? plan.names.find(symbols, bytes, escaped: found.text) : plan.names.find(symbols, bytes, found.text)
    guard let symbol else { return false }
    output.long(Int64(symbol - symbols.lowerBound))
    return true
  }

  private mutating func uuid(_ bytes: RawSpan) -> Bool {
    let start = offset
    guard take(UInt8(ascii: "\""), bytes) else { return false }
    var form = JSONTextForm(offset, end, bytes)
    guard form.uuid(bytes), form.next == JSONCharacters.end else { return false }
    offset = start
    return string(bytes)
  }

  private mutating func uuidBytes(_ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "\""), bytes) else { return false }
    var form = JSONTextForm(offset, end, bytes)
    var high: UInt8?
    for index in 0..<36 {
      if [8, 13, 18, 23].contains(index) {
        guard form.take("-", bytes) else { return false }
        continue
      }
      guard form.next < 0x80, let digit = Hexadecimal.value(of: UInt8(form.next)) else { return false }
      form.advance(bytes)
      if let first = high {
        output.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    offset = form.offset
    return form.next == JSONCharacters.end
  }
}
