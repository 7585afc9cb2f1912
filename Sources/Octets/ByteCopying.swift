// SPDX-License-Identifier: Apache-2.0

/// Copying bytes out of a span.
extension RawSpan {
  /// A copy of a range as a string; what is not UTF-8 is replaced.
  package func text(_ range: Range<Int>) -> String {
    unsafe extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

extension [UInt8] {
  /// Appends a range of a span.
  @inlinable
  package mutating func append(_ bytes: RawSpan, _ range: Range<Int>) {
    unsafe bytes.extracting(range).withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  /// Appends an integer, most significant byte first.
  @inlinable
  package mutating func appendBigEndian(_ value: some FixedWidthInteger) {
    unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
  }
}
