/// Digits written and read eight at a time, in a machine word instead of a loop.
enum DigitWord {
  /// The eight decimal digits of a number below 100,000,000, the first one in the lowest byte.
  ///
  /// Splits into groups of four, two and one digits, each side by side in the word; quotients are products with a
  /// rounded reciprocal, which are exact for so few digits.
  @inline(__always)
  static func decimal(_ value: UInt32) -> UInt64 {
    let fours = UInt64(value / 10_000) | UInt64(value % 10_000) << 32
    let hundreds = (fours &* 10_486) >> 20 & 0x0000_007F_0000_007F
    let twos = hundreds | (fours &- hundreds &* 100) << 16
    let tens = (twos &* 103) >> 10 & 0x000F_000F_000F_000F
    return (tens | (twos &- tens &* 10) << 8) | 0x3030_3030_3030_3030
  }

  /// The two decimal digits of a number below 100, the first one in the lowest byte.
  @inline(__always)
  static func twoDecimal(_ value: UInt32) -> UInt64 {
    let tens = value / 10
    return UInt64(tens | (value &- tens &* 10) << 8 | 0x3030)
  }

  /// The eight upper-case hexadecimal digits of a number, the first one in the lowest byte.
  @inline(__always)
  static func hexadecimal(_ value: UInt32) -> UInt64 {
    var word = UInt64(value)
    word = word >> 16 & 0xFFFF | (word & 0xFFFF) << 32
    word = word >> 8 & 0x0000_00FF_0000_00FF | (word & 0x0000_00FF_0000_00FF) << 16
    word = word >> 4 & 0x000F_000F_000F_000F | (word & 0x000F_000F_000F_000F) << 8
    let isLetter = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return word &+ 0x3030_3030_3030_3030 &+ isLetter &* 7
  }

  /// In each byte the number that its digit and the next one make, of text in which the bytes under `digits` (all bits of
  /// each are set) are decimal digits and the others are as in `template`; nil when they are not.
  @inline(__always)
  static func pairs(_ word: UInt64, digits: UInt64, template: UInt64) -> UInt64? {
    let found = word & digits
    let zeroes = 0x3030_3030_3030_3030 & digits
    // A digit's upper half is 3, also after adding 6.
    let sums = found &+ (0x0606_0606_0606_0606 & digits)
    let wrong = ((found ^ zeroes) | (sums ^ zeroes)) & 0xF0F0_F0F0_F0F0_F0F0
    guard wrong | (word ^ template) & ~digits == 0 else { return nil }
    let values = found & 0x0F0F_0F0F_0F0F_0F0F
    return values &* 10 &+ values >> 8
  }
}
