/// Copying and looking at bytes in place.
extension RawSpan {
  /// The byte at an offset; traps when the offset is out of bounds, as an array would.
  @inlinable
  package func octet(_ offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// Eight bytes from an offset, the first one lowest; traps when they are out of bounds.
  @inlinable
  package func octets8(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The byte at an offset that the caller has checked.
  @unsafe @inline(__always)
  func octet(unchecked offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
  }

  /// Eight bytes from an offset that the caller has checked, the first one lowest.
  @unsafe @inline(__always)
  func octets8(unchecked offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }

  /// A copy of a range as a string; what is not UTF-8 is replaced.
  package func text(_ range: Range<Int>) -> String {
    unsafe extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

extension RawSpan {
  /// A range in bytea's hexadecimal form, `\x` and two digits a byte.
  package func hexadecimalText(_ range: Range<Int>) -> String {
    "\\x" + range.map { (octet($0) < 16 ? "0" : "") + String(octet($0), radix: 16) }.joined()
  }
}

extension [UInt8] {
  /// Appends a range of a span.
  @inlinable
  package mutating func append(_ bytes: RawSpan, _ range: Range<Int>) {
    unsafe bytes.extracting(range).withUnsafeBytes { unsafe append(contentsOf: $0) }
  }
}
