// SPDX-License-Identifier: Apache-2.0

/// Tells what stands in the strings of JSON text from the rest, in text that need not be JSON.
package struct JSONStrings {
  @usableFromInline var isInside = false
  @usableFromInline var isEscaped = false

  @inlinable
  package init() {}

  /// Whether the next byte is outside of strings; the quote before one is, the quote behind it is not.
  @inlinable
  package mutating func isOutside(_ byte: UInt8) -> Bool {
    guard isInside else {
      isInside = byte == UInt8(ascii: "\"")
      return true
    }
    if isEscaped {
      isEscaped = false
    } else if byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "\"") {
      isInside = false
    }
    return false
  }
}
