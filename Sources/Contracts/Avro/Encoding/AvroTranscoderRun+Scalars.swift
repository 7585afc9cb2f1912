// SPDX-License-Identifier: Apache-2.0

/// Strings and numbers.
extension AvroTranscoderRun {
  @inline(__always)
  mutating func string(_ start: Int, _ reader: AcceptorRun) -> Int {
    guard reader.byte(start) == UInt8(ascii: "\"") else { return -1 }
    let (behind, escapes) = reader.characters(start &+ 1, isCounting: false)
    let count = behind &- start &- 2 &- escapes
    guard behind >= 0, written &+ count &+ AvroTranscoder.slack <= room else { return -1 }
    put(long: Int64(truncatingIfNeeded: count))
    guard escapes == 0 else { return unescaped(start &+ 1, behind) }
    put(text: start &+ 1, count, reader)
    return behind
  }

  /// A string whose escapes are all of two characters.
  @inline(never)
  private mutating func unescaped(_ start: Int, _ behind: Int) -> Int {
    var offset = start
    while offset < behind &- 1 {
      var byte = reader.byte(offset)
      if byte == UInt8(ascii: "\\") {
        offset &+= 1
        switch reader.byte(offset) {
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0C
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "t"): byte = 0x09
        case let other: byte = other
        }
      }
      put(byte)
      offset &+= 1
    }
    return behind
  }

  /// A string whose characters are bytes, here of ASCII without escapes.
  mutating func octets(_ start: Int, size: Int?) -> Int {
    guard reader.byte(start) == UInt8(ascii: "\"") else { return -1 }
    let (behind, more) = reader.characters(start &+ 1, isCounting: true)
    let count = behind &- start &- 2
    guard behind >= 0, more == 0, count == size ?? count, written &+ count &+ AvroTranscoder.slack <= room else {
      return -1
    }
    if size == nil { put(long: Int64(truncatingIfNeeded: count)) }
    put(text: start &+ 1, count, reader)
    return behind
  }

  @unsafe
  mutating func symbol(_ step: UnsafePointer<AvroTranscoder.Step>, _ start: Int) -> Int {
    let symbols = unsafe reader.names + Int(step.pointee.first)
    let found = unsafe reader.name(symbols, Int(step.pointee.second), from: 0, start)
    guard found >= 0, case let behind = unsafe start &+ Int(symbols[found].length), behind <= reader.end else {
      return -1
    }
    put(long: Int64(truncatingIfNeeded: found))
    return behind
  }

  mutating func uuid(_ start: Int) -> Int {
    let behind = reader.uuid(start)
    guard behind >= 0, written &+ 2 &* AvroTranscoder.slack <= room else { return -1 }
    put(long: 36)
    put(text: start &+ 1, 36, reader)
    return behind
  }

  @unsafe
  mutating func integer(_ step: UnsafePointer<AvroTranscoder.Step>, _ start: Int) -> Int {
    let reader = reader
    let isNegative = reader.byte(start) == UInt8(ascii: "-")
    let first = isNegative ? start &+ 1 : start
    var offset = first
    let magnitude = Self.digits(&offset, 0, reader)
    let next = reader.byte(offset)
    guard Self.isWhole(first, offset, reader), next != UInt8(ascii: "."), next | 0x20 != UInt8(ascii: "e") else {
      return -1
    }
    let value = isNegative ? 0 &- magnitude : magnitude
    guard unsafe value >= step.pointee.low && value <= step.pointee.high else { return -1 }
    put(long: value)
    return offset
  }

  /// A number whose digits and power of ten are whole numbers that the type holds exactly: dividing them rounds once.
  mutating func fraction(_ kind: AvroTranscoder.Kind, _ start: Int) -> Int {
    guard let (value, decimals, behind) = number(start) else { return -1 }
    guard reader.byte(behind) | 0x20 != UInt8(ascii: "e") else { return -1 }
    // What is no digit counts too; so there are at most six, or fifteen.
    let isNegative = reader.byte(start) == UInt8(ascii: "-")
    let power = unsafe powers[decimals]
    if kind == .float {
      guard value < 1_000_000 else { return -1 }
      let float = Float(value) / Float(power)
      put(UInt64((isNegative ? -float : float).bitPattern), 4)
    } else {
      guard value < 1_000_000_000_000_000 else { return -1 }
      let double = Double(value) / power
      put((isNegative ? -double : double).bitPattern, 8)
    }
    return behind
  }

  /// The digits of a number without their point and sign, how many are behind it, and where they end; nil for more than
  /// eighteen, or ten decimals.
  @inline(__always)
  func number(_ start: Int) -> (value: Int64, decimals: Int, behind: Int)? {
    let first = reader.byte(start) == UInt8(ascii: "-") ? start &+ 1 : start
    var offset = first
    var value = Self.digits(&offset, 0, reader)
    guard Self.isWhole(first, offset, reader) else { return nil }
    guard reader.byte(offset) == UInt8(ascii: ".") else { return (value, 0, offset) }
    let point = offset
    offset &+= 1
    // Twenty digits would not fit, but what they wrap around to is not looked at.
    value = Self.digits(&offset, value, reader)
    let decimals = offset &- point &- 1
    guard decimals > 0, decimals <= 10, offset &- first <= 19 else { return nil }
    return (value, decimals, offset)
  }

  @inline(__always)
  private static func digits(_ offset: inout Int, _ before: Int64, _ reader: AcceptorRun) -> Int64 {
    var value = before
    while case let digit = reader.byte(offset) &- 0x30, digit <= 9 {
      value = value &* 10 &+ Int64(digit)
      offset &+= 1
    }
    return value
  }

  /// Whether digits are as JSON has them before a point, and not more than surely fit.
  @inline(__always)
  private static func isWhole(_ first: Int, _ behind: Int, _ reader: AcceptorRun) -> Bool {
    let count = behind &- first
    return count > 0 && count <= 18 && (count == 1 || reader.byte(first) != UInt8(ascii: "0"))
  }
}
