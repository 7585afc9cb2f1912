// SPDX-License-Identifier: Apache-2.0

import Octets

/// Whether JSON values are equal as JSON Schema has it: numbers by what they say, strings by their code points, objects
/// whatever the order of their members. A member that is there twice makes an object another.
///
/// Source: JSON Schema 2020-12 Core, section 4.2.2.
enum JSONEquality {
  static func areEqual(
    _ left: RawSpan, _ leftStart: Int, _ right: RawSpan, _ rightStart: Int, budget: inout Int
  ) -> Bool {
    budget -= 1
    guard budget >= 0 else { return false }
    let kind = left.byte(at: leftStart)
    switch kind {
    case UInt8(ascii: "\""):
      return right.byte(at: rightStart) == kind && areEqualStrings(left, leftStart, right, rightStart, budget: &budget)
    case UInt8(ascii: "{"):
      return right.byte(at: rightStart) == kind && areEqualObjects(left, leftStart, right, rightStart, budget: &budget)
    case UInt8(ascii: "["):
      return right.byte(at: rightStart) == kind && areEqualArrays(left, leftStart, right, rightStart, budget: &budget)
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return right.byte(at: rightStart) == kind
    default:
      switch right.byte(at: rightStart) {
      case UInt8(ascii: "-"), 0x30...0x39: break
      default: return false
      }
      let (leftEnd, rightEnd) = (JSONPlace.end(left, of: leftStart), JSONPlace.end(right, of: rightStart))
      budget -= (leftEnd - leftStart + rightEnd - rightStart) / 4
      let leftNumber = Decimal(left, leftStart..<leftEnd)
      let rightNumber = Decimal(right, rightStart..<rightEnd)
      return leftNumber.compare(left, rightNumber, right) == 0
    }
  }

  static func areEqualStrings(
    _ left: RawSpan, _ leftStart: Int, _ right: RawSpan, _ rightStart: Int, budget: inout Int
  ) -> Bool {
    var (one, two) = (leftStart + 1, rightStart + 1)
    defer { budget -= (one - leftStart) / 8 }
    // As long as neither has an escape, bytes are characters.
    while true {
      let (first, second) = (left.byte(at: one), right.byte(at: two))
      if first == UInt8(ascii: "\\") || second == UInt8(ascii: "\\") { break }
      if first != second { return false }
      if first == UInt8(ascii: "\"") { return true }
      one += 1
      two += 1
    }
    var leftScalars = StringScalars(one..<(JSONPlace.stringEnd(left, of: leftStart) - 1), isEscaped: true)
    var rightScalars = StringScalars(two..<(JSONPlace.stringEnd(right, of: rightStart) - 1), isEscaped: true)
    while true {
      budget -= 1
      let (first, second) = (leftScalars.next(left), rightScalars.next(right))
      if first != second { return false }
      if first == nil { return true }
    }
  }

  private static func areEqualArrays(
    _ left: RawSpan, _ leftStart: Int, _ right: RawSpan, _ rightStart: Int, budget: inout Int
  ) -> Bool {
    var one = JSONPlace.first(left, in: leftStart)
    var two = JSONPlace.first(right, in: rightStart)
    var end = 0
    while let first = one, let second = two {
      guard areEqual(left, first, right, second, budget: &budget) else { return false }
      let (leftEnd, rightEnd) = (JSONPlace.end(left, of: first), JSONPlace.end(right, of: second))
      budget -= 1 + (leftEnd - first + rightEnd - second) / 16
      one = JSONPlace.next(left, after: leftEnd, end: &end)
      two = JSONPlace.next(right, after: rightEnd, end: &end)
    }
    return one == nil && two == nil
  }

  private static func areEqualObjects(
    _ left: RawSpan, _ leftStart: Int, _ right: RawSpan, _ rightStart: Int, budget: inout Int
  ) -> Bool {
    guard count(left, leftStart, budget: &budget) == count(right, rightStart, budget: &budget) else { return false }
    var one = JSONPlace.first(left, in: leftStart)
    // Mostly the order is the same: each search begins where the last one ended.
    var hint = JSONPlace.first(right, in: rightStart)
    var end = 0
    while let name = one {
      guard let found = find(left, name, right, rightStart, from: hint, budget: &budget) else { return false }
      let value = JSONPlace.value(left, afterName: JSONPlace.stringEnd(left, of: name))
      let other = JSONPlace.value(right, afterName: JSONPlace.stringEnd(right, of: found))
      guard areEqual(left, value, right, other, budget: &budget) else { return false }
      let (leftEnd, rightEnd) = (JSONPlace.end(left, of: value), JSONPlace.end(right, of: other))
      budget -= 2 + (leftEnd - name + rightEnd - found) / 16
      one = JSONPlace.next(left, after: leftEnd, end: &end)
      hint = JSONPlace.next(right, after: rightEnd, end: &end)
    }
    return true
  }

  private static func count(_ bytes: RawSpan, _ object: Int, budget: inout Int) -> Int {
    var count = 0
    var item = JSONPlace.first(bytes, in: object)
    var end = 0
    while let name = item {
      count += 1
      budget -= 2
      let value = JSONPlace.value(bytes, afterName: JSONPlace.stringEnd(bytes, of: name))
      item = JSONPlace.next(bytes, after: JSONPlace.end(bytes, of: value), end: &end)
    }
    budget -= end > object ? (end - object) / 16 : 0
    return count
  }

  /// The member of an object with a name, looked for from a member on and then from the first.
  private static func find(
    _ left: RawSpan, _ name: Int, _ right: RawSpan, _ object: Int, from hint: Int?, budget: inout Int
  ) -> Int? {
    var item = hint ?? JSONPlace.first(right, in: object)
    let stop = item
    var isSecondRound = hint == nil
    var end = 0
    while budget >= 0 {
      guard let candidate = item else {
        guard !isSecondRound else { return nil }
        isSecondRound = true
        item = JSONPlace.first(right, in: object)
        if item == stop { return nil }
        continue
      }
      if areEqualStrings(left, name, right, candidate, budget: &budget) { return candidate }
      let value = JSONPlace.value(right, afterName: JSONPlace.stringEnd(right, of: candidate))
      let valueEnd = JSONPlace.end(right, of: value)
      budget -= 4 + (valueEnd - candidate) / 16
      item = JSONPlace.next(right, after: valueEnd, end: &end)
      if isSecondRound, item == stop { return nil }
    }
    return nil
  }

  /// A hash that equal values share. It is seeded for each process, so nobody outside can choose values that share one.
  static func hash(_ bytes: RawSpan, _ start: Int, budget: inout Int) -> Int {
    budget -= 4
    var hasher = Hasher()
    let kind = bytes.byte(at: start)
    switch kind {
    case UInt8(ascii: "\""):
      hasher.combine(kind)
      var scalars = StringScalars((start + 1)..<(JSONPlace.stringEnd(bytes, of: start) - 1), isEscaped: true)
      while let scalar = scalars.next(bytes) {
        hasher.combine(scalar)
        budget -= 1
      }
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      let isObject = kind == UInt8(ascii: "{")
      hasher.combine(kind)
      var sum = 0
      var item = JSONPlace.first(bytes, in: start)
      var end = 0
      while let place = item, budget >= 0 {
        let value = isObject ? JSONPlace.value(bytes, afterName: JSONPlace.stringEnd(bytes, of: place)) : place
        let inner = hash(bytes, value, budget: &budget)
        if isObject {
          budget -= 4
          var member = Hasher()
          member.combine(hash(bytes, place, budget: &budget))
          member.combine(inner)
          sum &+= member.finalize()
        } else {
          hasher.combine(inner)
        }
        let valueEnd = JSONPlace.end(bytes, of: value)
        budget -= (valueEnd - value) / 16
        item = JSONPlace.next(bytes, after: valueEnd, end: &end)
      }
      hasher.combine(sum)
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): hasher.combine(kind)
    default:
      let number = Decimal(bytes, start..<JSONPlace.end(bytes, of: start))
      hasher.combine(number.isNegative)
      hasher.combine(number.exponent)
      for offset in Int(number.start)..<Int(number.end) where bytes.byte(at: offset) != UInt8(ascii: ".") {
        hasher.combine(bytes.byte(at: offset))
        budget -= 1
      }
    }
    return hasher.finalize()
  }
}
