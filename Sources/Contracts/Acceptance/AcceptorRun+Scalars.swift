// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// Strings and numbers.
extension AcceptorRun {
  @unsafe
  func text(_ pointer: UnsafePointer<Acceptor.Shape>, _ start: Int) -> Int {
    let shape = unsafe pointer.pointee
    switch shape.text {
    case .none: return -1
    case .any: return characters(start &+ 1, isCounting: false).behind
    case .bounded, .ascii:
      let (behind, more) = characters(start &+ 1, isCounting: true)
      guard behind >= 0, shape.text == .bounded || more == 0 else { return -1 }
      let count = behind &- start &- 2 &- more
      return count >= shape.least && count <= shape.most ? behind : -1
    case .symbol:
      let symbols = unsafe names + Int(shape.symbols)
      let found = unsafe name(symbols, Int(shape.symbolCount), from: 0, start)
      guard found >= 0 else { return -1 }
      let behind = start &+ Int(unsafe symbols[found].length)
      return behind <= end ? behind : -1
    case .uuid: return uuid(start)
    case .timestamp: return timestamp(hasZone: true, start)
    case .localTimestamp: return timestamp(hasZone: false, start)
    case .instant: return instant(start)
    }
  }

  /// Behind the closing quote of a string, and how many more bytes than characters it has, or, not counting, whether it
  /// has escapes.
  @inline(__always)
  func characters(_ start: Int, isCounting: Bool) -> (behind: Int, more: Int) {
    let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    var offset = start
    while offset &+ 8 <= room {
      let word = word(offset)
      // A borrow can only make a byte above a culprit look like one, never hide it.
      let quote = (word ^ (ones &* 0x22)) &- ones
      let backslash = (word ^ (ones &* 0x5C)) &- ones
      let found = (quote | backslash | (word &- ones &* 0x20) | word) & highs
      if found != 0 {
        offset &+= found.trailingZeroBitCount &>> 3
        if byte(offset) == UInt8(ascii: "\"") { return (offset &+ 1, 0) }
        break
      }
      offset &+= 8
    }
    return rareCharacters(offset, isCounting: isCounting)
  }

  /// The same, from where something is neither plain ASCII nor the closing quote.
  @inline(never)
  private func rareCharacters(_ start: Int, isCounting: Bool) -> (behind: Int, more: Int) {
    var offset = start
    var more = 0
    while offset < end {
      let byte = byte(offset)
      switch byte {
      case UInt8(ascii: "\""): return (offset &+ 1, more)
      case UInt8(ascii: "\\"):
        switch self.byte(offset &+ 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
          UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
          offset &+= 2
          more &+= 1
        // Halves of pairs are for the schema's own check.
        default: return (-1, 0)
        }
      case 0..<0x20: return (-1, 0)
      case 0..<0x80: offset &+= 1
      default:
        let bytes = unsafe UnsafeRawBufferPointer(start: text, count: end).bytes
        guard let scalar = TextScanning.scalar(bytes, at: offset, end: end) else { return (-1, 0) }
        offset &+= scalar.length
        if isCounting { more &+= scalar.length &- 1 }
      }
    }
    return (-1, 0)
  }

  @unsafe
  func number(_ shape: UnsafePointer<Acceptor.Shape>, _ start: Int) -> Int {
    let kind = unsafe shape.pointee.number
    guard kind != .none else { return -1 }
    let isNegative = byte(start) == UInt8(ascii: "-")
    let first = isNegative ? start &+ 1 : start
    var offset = first
    var magnitude: Int64 = 0
    while case let digit = byte(offset) &- 0x30, digit <= 9 {
      magnitude = magnitude &* 10 &+ Int64(digit)
      offset &+= 1
    }
    let count = offset &- first
    // Eighteen digits fit.
    guard count > 0, count <= 18, count == 1 || byte(first) != UInt8(ascii: "0") else { return -1 }
    let next = byte(offset)
    if next == UInt8(ascii: ".") || next | 0x20 == UInt8(ascii: "e") {
      return unsafe fraction(shape.pointee, isNegative, magnitude, offset)
    }
    if kind == .any { return offset }
    let value = isNegative ? 0 &- magnitude : magnitude
    return unsafe value >= shape.pointee.low && value <= shape.pointee.high ? offset : -1
  }

  /// What follows the digits of a number that is not of digits alone.
  @inline(never)
  private func fraction(_ shape: Acceptor.Shape, _ isNegative: Bool, _ magnitude: Int64, _ start: Int) -> Int {
    guard shape.number != .integer else { return -1 }
    var offset = start
    if byte(offset) == UInt8(ascii: ".") {
      offset = digits(offset &+ 1)
      guard offset >= 0 else { return -1 }
    }
    if byte(offset) | 0x20 == UInt8(ascii: "e") {
      guard shape.number == .any else { return -1 }
      let sign = byte(offset &+ 1)
      return digits(sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") ? offset &+ 2 : offset &+ 1)
    }
    guard shape.number == .bounded else { return offset }
    // It lies between two integers, both of which have to be within the bounds.
    let (low, high) = isNegative ? (-magnitude - 1, -magnitude) : (magnitude, magnitude + 1)
    return low >= shape.low && high <= shape.high ? offset : -1
  }

  private func digits(_ start: Int) -> Int {
    var offset = start
    while byte(offset) &- 0x30 <= 9 { offset &+= 1 }
    return offset > start ? offset : -1
  }
}
