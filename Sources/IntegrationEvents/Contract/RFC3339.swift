// SPDX-License-Identifier: Apache-2.0

/// Times as RFC 3339 has them, which is less than what PostgreSQL writes: a T, an offset that says so, and no hour 24.
///
/// Source: RFC 3339, section 5.6. A second 60 is taken whenever it comes: not each leap second is known here.
package enum RFC3339 {
  /// The instant that a text is; nil for what has no offset, or another form.
  package static func instant(_ text: String) -> EventTime? {
    let bytes = Array(text.utf8)
    // `2026-11-23T06:30:00Z` at least; far more decimals than a clock has at most.
    guard (20...64).contains(bytes.count), bytes.last != UInt8(ascii: "."),
      bytes[10] | 0x20 == UInt8(ascii: "t"), hasZone(bytes),
      !(bytes[11] == UInt8(ascii: "2") && bytes[12] > UInt8(ascii: "3"))
    else { return nil }
    let upper = bytes.map { $0 == UInt8(ascii: "t") || $0 == UInt8(ascii: "z") ? $0 & 0xDF : $0 }
    return unsafe EventTime.parse(upper.span.bytes, 0..<upper.count)
  }

  /// Whether it ends in Z or in an offset of hours and minutes.
  private static func hasZone(_ bytes: [UInt8]) -> Bool {
    guard let last = bytes.last else { return false }
    if last | 0x20 == UInt8(ascii: "z") { return true }
    let zone = bytes.suffix(6)
    guard bytes.count >= 25, let sign = zone.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
      zone[zone.startIndex + 3] == UInt8(ascii: ":")
    else { return false }
    let digits = [1, 2, 4, 5].map { zone[zone.startIndex + $0] }
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
    return (digits[0] - 48) * 10 + (digits[1] - 48) < 24 && digits[2] < UInt8(ascii: "6")
  }
}
