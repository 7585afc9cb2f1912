// SPDX-License-Identifier: Apache-2.0

import Octets

/// Reads what has a form of ASCII characters: within a string's quotes, or a number.
struct JSONTextForm {
  private var characters: JSONCharacters
  private let limit: Int
  /// The character to be read next, or one of those that are none.
  private(set) var next: UInt32

  /// - Parameters:
  ///   - start: Behind the quote, or where the number begins.
  ///   - limit: Up to where there may be something.
  ///   - bytes: Where it stands.
  init(_ start: Int, _ limit: Int, _ bytes: RawSpan) {
    characters = JSONCharacters(start)
    self.limit = limit
    next = characters.next(bytes, limit)
  }

  /// Behind the last character that was read; with it the closing quote, once that is next.
  var offset: Int { characters.offset }

  @inline(__always)
  mutating func advance(_ bytes: RawSpan) { next = characters.next(bytes, limit) }

  @inline(__always)
  mutating func take(_ character: Unicode.Scalar, _ bytes: RawSpan) -> Bool {
    guard next == character.value else { return false }
    advance(bytes)
    return true
  }

  @inline(__always)
  mutating func digit(_ bytes: RawSpan) -> Int? {
    guard (0x30...0x39).contains(next) else { return nil }
    let digit = Int(next) - 0x30
    advance(bytes)
    return digit
  }

  mutating func hexadecimal(_ bytes: RawSpan) -> Bool {
    guard next < 0x80, Hexadecimal.value(of: UInt8(next)) != nil else { return false }
    advance(bytes)
    return true
  }

  /// A number of two digits within a range.
  mutating func two(_ range: ClosedRange<Int>, _ bytes: RawSpan) -> Int? {
    guard let tens = digit(bytes), let ones = digit(bytes), range.contains(tens * 10 + ones) else { return nil }
    return tens * 10 + ones
  }

  /// `YYYY-MM-DD`, a day that there is.
  mutating func date(_ bytes: RawSpan) -> Bool {
    guard let century = two(0...99, bytes), let rest = two(0...99, bytes), take("-", bytes),
      let month = two(1...12, bytes), take("-", bytes), let day = two(1...31, bytes)
    else { return false }
    return Self.isDay(century * 100 + rest, month, day)
  }

  /// Whether there is a day: its month and number are from 1.
  static func isDay(_ year: Int, _ month: Int, _ day: Int) -> Bool {
    switch month {
    case 2: day <= (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28)
    case 4, 6, 9, 11: day <= 30
    default: day <= 31
    }
  }

  /// Days since 1970 of the Gregorian calendar.
  static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    // Years begin with March, so that the day that is not always there is their last.
    let shifted = month > 2 ? year : year - 1
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let ofEra = shifted - era * 400
    let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
  }

  /// `HH:MM:SS`, with decimals or without. A second 60 is taken whenever it comes: not each leap second is known here.
  mutating func time(_ bytes: RawSpan) -> Bool {
    guard two(0...23, bytes) != nil, take(":", bytes), two(0...59, bytes) != nil, take(":", bytes),
      two(0...60, bytes) != nil
    else { return false }
    guard take(".", bytes) else { return true }
    guard digit(bytes) != nil else { return false }
    while digit(bytes) != nil {}
    return true
  }

  /// `Z`, or an offset of hours and minutes.
  mutating func zone(_ bytes: RawSpan) -> Bool {
    if take("Z", bytes) || take("z", bytes) { return true }
    guard take("+", bytes) || take("-", bytes) else { return false }
    return two(0...23, bytes) != nil && take(":", bytes) && two(0...59, bytes) != nil
  }

  /// `8-4-4-4-12` hexadecimal digits.
  mutating func uuid(_ bytes: RawSpan) -> Bool {
    for index in 0..<36 {
      switch index {
      case 8, 13, 18, 23: guard take("-", bytes) else { return false }
      default: guard hexadecimal(bytes) else { return false }
      }
    }
    return true
  }
}
