// SPDX-License-Identifier: Apache-2.0

import Octets

/// Messages that have a form of their own in JSON.
extension ProtobufWriting {
  /// Seconds since 1970, and what is beyond them, both of the same sign in a duration.
  private mutating func time(_ seconds: Int64, _ nanoseconds: Int64) {
    for (number, value) in [(1, seconds), (2, nanoseconds)] where value != 0 {
      output.tag(number, 0)
      output.varint(UInt64(bitPattern: value))
    }
  }

  mutating func timestamp(_ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "\""), bytes) else { return false }
    var form = JSONTextForm(offset, end, bytes)
    guard let century = form.two(0...99, bytes), let rest = form.two(0...99, bytes), form.take("-", bytes),
      let month = form.two(1...12, bytes), form.take("-", bytes), let day = form.two(1...31, bytes),
      form.take("T", bytes), let hour = form.two(0...23, bytes), form.take(":", bytes),
      let minute = form.two(0...59, bytes), form.take(":", bytes), let second = form.two(0...59, bytes)
    else { return false }
    let nanoseconds = form.take(".", bytes) ? form.nanoseconds(bytes) : 0
    var seconds = JSONTextForm.days(century * 100 + rest, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    if !form.take("Z", bytes) {
      let isEast = form.take("+", bytes)
      guard isEast || form.take("-", bytes), let hours = form.two(0...23, bytes), form.take(":", bytes),
        let minutes = form.two(0...59, bytes)
      else { return false }
      seconds -= (hours * 60 + minutes) * (isEast ? 60 : -60)
    }
    time(Int64(seconds), nanoseconds)
    offset = form.offset
    return form.next == JSONCharacters.end
  }

  mutating func duration(_ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "\""), bytes) else { return false }
    var form = JSONTextForm(offset, end, bytes)
    let sign: Int64 = form.take("-", bytes) ? -1 : 1
    var seconds: Int64 = 0
    while let digit = form.digit(bytes) { seconds = seconds &* 10 &+ Int64(digit) }
    let nanoseconds = form.take(".", bytes) ? form.nanoseconds(bytes) : 0
    time(sign * seconds, sign * nanoseconds)
    guard form.take("s", bytes), form.next == JSONCharacters.end else { return false }
    offset = form.offset
    return true
  }

  /// A path for each; in each a capital is the small letter behind a low line.
  mutating func fieldMask(_ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "\""), bytes) else { return false }
    var form = JSONTextForm(offset, end, bytes)
    while form.next != JSONCharacters.end {
      output.tag(1, 2)
      let start = output.open()
      while form.next < 0x80, form.next != 0x2C {
        if (0x41...0x5A).contains(form.next) {
          output.append(0x5F)
          output.append(UInt8(form.next) | 0x20)
        } else {
          output.append(UInt8(form.next))
        }
        form.advance(bytes)
      }
      output.close(start)
      guard form.take(",", bytes) || form.next == JSONCharacters.end else { return false }
    }
    offset = form.offset
    return true
  }

  /// A map from names to values.
  mutating func structure(_ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "{"), bytes) else { return false }
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return true }
    repeat {
      skipBlanks(bytes)
      output.tag(1, 2)
      let entry = output.open()
      output.tag(1, 2)
      let key = output.open()
      guard let text = name(bytes), output.appendUnescaped(bytes, text.text), colon(bytes) else { return false }
      output.close(key)
      output.tag(2, 2)
      let start = output.open()
      guard value(bytes) else { return false }
      output.close(start)
      output.close(entry)
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return take(UInt8(ascii: "}"), bytes)
  }

  mutating func list(_ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "["), bytes) else { return false }
    skipBlanks(bytes)
    if take(UInt8(ascii: "]"), bytes) { return true }
    repeat {
      skipBlanks(bytes)
      output.tag(1, 2)
      let start = output.open()
      guard value(bytes) else { return false }
      output.close(start)
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return take(UInt8(ascii: "]"), bytes)
  }

  /// One of: null, a number, a text, a truth, a struct, a list.
  mutating func value(_ bytes: RawSpan) -> Bool {
    switch next(bytes) {
    case UInt8(ascii: "n"):
      output.tag(1, 0)
      output.append(0)
      return null(bytes)
    case UInt8(ascii: "\""):
      guard let text = name(bytes) else { return false }
      output.tag(3, 2)
      let start = output.open()
      guard output.appendUnescaped(bytes, text.text) else { return false }
      output.close(start)
      return true
    case UInt8(ascii: "t"), UInt8(ascii: "f"):
      output.tag(4, 0)
      output.append(next(bytes) == UInt8(ascii: "t") ? 1 : 0)
      return boolean(bytes)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      let isObject = next(bytes) == UInt8(ascii: "{")
      output.tag(isObject ? 5 : 6, 2)
      let start = output.open()
      guard isObject ? structure(bytes) : list(bytes) else { return false }
      output.close(start)
      return true
    default:
      guard let value = double(bytes) else { return false }
      output.tag(2, 1)
      output.fixed(value.bitPattern, 8)
      return true
    }
  }

  /// The type's address, and its message in binary.
  mutating func any(_ program: borrowing ProtobufProgram, _ bytes: RawSpan) -> Bool {
    let start = offset
    guard let found = places(bytes) else { return false }
    let behind = offset
    guard let address = found.address else { return true }
    var first = address.upperBound
    while first > address.lowerBound, bytes.byte(at: first - 1) != UInt8(ascii: "/") { first -= 1 }
    guard let number = program.typeNames.find(program.typeRange, bytes, first..<address.upperBound) else {
      return false
    }
    output.tag(1, 2)
    let text = output.open()
    guard output.appendUnescaped(bytes, address) else { return false }
    output.close(text)
    let tag = output.count
    output.tag(2, 2)
    let content = output.open()
    let message = program.messages[number]
    if message.element.kind == .message, !message.isEmpty {
      offset = start
      guard self.message(number, program, bytes, isInAny: true) else { return false }
    } else if message.element.kind != .message {
      guard let value = found.value else { return false }
      offset = value
      guard self.content(message.element, program, bytes) else { return false }
    }
    // What is empty is left out.
    if output.count == content { output.truncate(tag) } else { output.close(content) }
    offset = behind
    return true
  }

  /// Where the type's address and the member `value` are; it goes behind the object.
  private mutating func places(_ bytes: RawSpan) -> (address: Range<Int>?, value: Int?)? {
    var (address, value): (Range<Int>?, Int?) = (nil, nil)
    guard take(UInt8(ascii: "{"), bytes) else { return nil }
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return (nil, nil) }
    repeat {
      skipBlanks(bytes)
      guard let key = name(bytes), colon(bytes) else { return nil }
      let start = offset
      if ProtobufCheck.isPlain(key, ProtobufCheck.typeName, bytes) {
        guard let text = name(bytes) else { return nil }
        address = text.text
      } else {
        if ProtobufCheck.isPlain(key, ProtobufCheck.valueName, bytes) { value = start }
        guard skipValue(bytes) else { return nil }
      }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return take(UInt8(ascii: "}"), bytes) ? (address, value) : nil
  }
}

extension JSONTextForm {
  /// Takes up to nine decimals of a second.
  fileprivate mutating func nanoseconds(_ bytes: RawSpan) -> Int64 {
    var (value, count): (Int64, Int) = (0, 0)
    while let digit = digit(bytes), count < 9 { (value, count) = (value * 10 + Int64(digit), count + 1) }
    while count < 9 { (value, count) = (value * 10, count + 1) }
    return value
  }
}
