// SPDX-License-Identifier: Apache-2.0

/// A number of bytes in words for people: `35 bytes`, `3.2 GB`, in powers of 1024 as the server's own words have it.
package struct ByteCount: Hashable, Sendable, CustomStringConvertible {
  private let count: UInt64

  package init(_ count: some BinaryInteger) { self.count = UInt64(clamping: count) }

  /// What is no number of bytes is none.
  package init(_ count: Double) {
    self.count = count.isNaN || count < 0 ? 0 : UInt64(exactly: min(count, 0x1p63).rounded(.down)) ?? 0
  }

  package var description: String {
    guard count >= 1024 else { return count == 1 ? "1 byte" : "\(count) bytes" }
    var (rest, unit) = (Double(count), 0)
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    while rest >= 1024, unit < units.count - 1 { (rest, unit) = (rest / 1024, unit + 1) }
    let tenths = Int(rest * 10)
    return "\(tenths / 10)\(tenths % 10 == 0 ? "" : ".\(tenths % 10)") \(units[unit])"
  }
}
