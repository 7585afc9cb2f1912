// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// How deep JSON text goes.
enum JSONDepth {
  /// Whether no more arrays and objects lie within each other than so many, in text that need not be JSON.
  static func isWithin(_ limit: Int, _ bytes: some Sequence<UInt8>) -> Bool {
    var depth = 0
    var strings = JSONStrings()
    for byte in bytes where strings.isOutside(byte) {
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        if depth > limit { return false }
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
    }
    return true
  }
}
