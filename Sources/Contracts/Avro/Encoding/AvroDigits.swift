// SPDX-License-Identifier: Apache-2.0

import Octets

/// The digits of a JSON number, and where its point is.
struct AvroDigits {
  /// Without zeros in front and behind; its first nineteen digits.
  private var value: UInt64 = 0
  /// How many there are; 0 for zero.
  private var count = 0
  /// Of the last of them, as a power of ten.
  private var power = 0
  private var isNegative = false

  /// More than any number has: what an exponent beyond it means is the same.
  private static let bound = 1 << 40

  /// Reads a text that is a number.
  init(_ bytes: RawSpan, _ range: Range<Int>) {
    var exponent = 0
    // Zeros that count only if another digit follows.
    var zeros = 0
    var (isBehindPoint, offset) = (false, range.lowerBound)
    while offset < range.upperBound {
      let byte = bytes.byte(at: offset)
      offset += 1
      switch byte {
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "."): isBehindPoint = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        exponent = Self.exponent(bytes, offset..<range.upperBound)
        offset = range.upperBound
      case UInt8(ascii: "0"):
        if count > 0 { zeros += 1 }
        if isBehindPoint { power -= 1 }
      default:
        for _ in 0..<(count > 0 ? zeros : 0) { append(0) }
        append(byte &- 0x30)
        zeros = 0
        if isBehindPoint { power -= 1 }
      }
    }
    if count > 0 { power += zeros + exponent } else { power = 0 }
  }

  private mutating func append(_ digit: UInt8) {
    if count < 19 { value = value * 10 + UInt64(digit) }
    count += 1
  }

  private static func exponent(_ bytes: RawSpan, _ range: Range<Int>) -> Int {
    var (exponent, isNegative) = (0, false)
    for index in range {
      switch bytes.byte(at: index) {
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "+"): continue
      case let digit: exponent = min(exponent * 10 + Int(digit &- 0x30), bound)
      }
    }
    return isNegative ? -exponent : exponent
  }

  /// The double that it is the shortest name of, or is near enough to be; nil where more has to be looked at.
  ///
  /// Both whole numbers are held exactly, so that multiplying or dividing them rounds once.
  var exactDouble: Double? {
    guard count <= 15, (-22...22).contains(power) else { return nil }
    let whole = Double(value)
    let scaled = power < 0 ? whole / Self.doubles[-power] : whole * Self.doubles[power]
    return isNegative ? -scaled : scaled
  }

  /// The same of floats.
  var exactFloat: Float? {
    guard count <= 6, (-10...10).contains(power) else { return nil }
    let whole = Float(value)
    let scaled = power < 0 ? whole / Self.floats[-power] : whole * Self.floats[power]
    return isNegative ? -scaled : scaled
  }

  private static let doubles: [Double] = powers(22)
  private static let floats: [Float] = powers(10)

  private static func powers<Number: BinaryFloatingPoint>(_ most: Int) -> [Number] {
    var powers: [Number] = [1]
    for _ in 0..<most { powers.append((powers.last ?? 1) * 10) }
    return powers
  }

  /// Whether the nearest number of a type is this one to all its digits.
  ///
  /// - Parameters:
  ///   - most: As many digits any number of the type holds.
  ///   - mostOfFractions: As many tell any two numbers of the type apart: of a fraction more are of no use.
  ///   - shown: The nearest number as it is written shortest.
  func isHeld(most: Int, mostOfFractions: Int, as shown: () -> String) -> Bool {
    guard count > 0 else { return true }
    guard count <= 19 else { return false }
    let text = Array(shown().utf8)
    let other = unsafe AvroDigits(text.span.bytes, 0..<text.count)
    if other.value == value, other.count == count, other.power == power { return true }
    // The very small have fewer digits than others.
    guard other.count > 0, other.power + other.count == power + count || count <= most else { return false }
    return power < 0 && count <= mostOfFractions && other.power + other.count > (mostOfFractions > 9 ? -307 : -37)
  }
}
