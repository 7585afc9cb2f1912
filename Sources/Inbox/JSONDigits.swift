// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// How exact the numbers in JSON text are.
enum JSONDigits {
  /// The most digits that a number has in text that need not be JSON, without the zeros before and behind that only place them.
  static func most(_ bytes: [UInt8]) -> Int {
    var most = 0
    var number = Number()
    var strings = JSONStrings()
    for byte in bytes where strings.isOutside(byte) {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): number.take(byte)
      case UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"): break
      case UInt8(ascii: "e"), UInt8(ascii: "E"): number.isExponent = true
      default:
        most = max(most, number.digits)
        number = Number()
      }
    }
    return max(most, number.digits)
  }

  private struct Number {
    var digits = 0
    var isExponent = false
    private var zeros = 0

    mutating func take(_ digit: UInt8) {
      if isExponent { return }
      if digit == UInt8(ascii: "0") {
        // They count when another digit comes behind them.
        if digits > 0 { zeros += 1 }
      } else {
        digits += zeros + 1
        zeros = 0
      }
    }
  }
}
