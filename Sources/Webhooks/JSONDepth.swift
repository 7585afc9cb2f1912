// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

extension WebhookLimits {
  /// Throws unless data that is called JSON is, and within the depth.
  func checkJSON(_ data: [UInt8]) throws(WebhookRefusal) {
    try checkDepth(data, around: 0)
    guard JSONText.isValue(data) else { throw WebhookRefusal(.malformed, "the data is no JSON") }
  }

  /// Throws when the data in a text goes deeper than it may, with so many arrays and objects around it.
  func checkDepth(_ text: [UInt8], around count: Int) throws(WebhookRefusal) {
    guard JSONDepth.isWithin(min(depth, .max - count) + count, text) else {
      throw WebhookRefusal(.malformed, "the data has more than \(depth) arrays and objects within each other")
    }
  }
}

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
