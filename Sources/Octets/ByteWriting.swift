// SPDX-License-Identifier: Apache-2.0

/// Big-endian writing.
extension [UInt8] {
  /// Appends an integer, most significant byte first.
  @inlinable
  package mutating func appendBigEndian(_ value: some FixedWidthInteger) {
    unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
  }
}
