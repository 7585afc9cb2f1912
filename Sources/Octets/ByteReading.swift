// SPDX-License-Identifier: Apache-2.0

/// Big-endian reading from the front of a span. Each call checks the bounds, then shortens the span.
///
/// The loads are unsafe expressions, each behind its own check.
extension RawSpan {
  @inlinable
  package mutating func readInteger<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(LayoutError) -> T {
    let size = MemoryLayout<T>.size
    guard byteCount >= size else { throw .truncated(needed: size, available: byteCount) }
    let value = unsafe unsafeLoadUnaligned(as: T.self)
    self = extracting(droppingFirst: size)
    return T(bigEndian: value)
  }

  @inlinable
  package mutating func readByte() throws(LayoutError) -> UInt8 { try readInteger(UInt8.self) }

  /// Reads a 16-bit count of items that take at least `minimumSize` bytes each.
  @inlinable
  package mutating func readCount16(minimumSize: Int) throws(LayoutError) -> Int {
    let count = Int(try readInteger(UInt16.self))
    guard count <= byteCount / minimumSize else { throw .invalidCount(count) }
    return count
  }

  /// Reads a 32-bit count of items that take at least `minimumSize` bytes each.
  @inlinable
  package mutating func readCount32(minimumSize: Int) throws(LayoutError) -> Int {
    let count = Int(try readInteger(Int32.self))
    guard count >= 0, count <= byteCount / minimumSize else { throw .invalidCount(count) }
    return count
  }

  /// Skips `count` bytes.
  @inlinable
  package mutating func skip(_ count: Int) throws(LayoutError) {
    guard count >= 0 else { throw .invalidCount(count) }
    guard count <= byteCount else { throw .truncated(needed: count, available: byteCount) }
    self = extracting(droppingFirst: count)
  }

  /// Reads a NUL-terminated UTF-8 string.
  package mutating func readString() throws(LayoutError) -> String {
    var end = 0
    while end < byteCount, byte(at: end) != 0 { end += 1 }
    guard end < byteCount else { throw .unterminatedString }
    let text = try string(0..<end)
    self = extracting(droppingFirst: end + 1)
    return text
  }

  /// Ends a layout: nothing may be left.
  @inlinable
  package func expectEnd() throws(LayoutError) {
    guard isEmpty else { throw .bytesLeftOver(byteCount) }
  }

  /// A copy of a range as a string; what is not UTF-8 is replaced.
  package func text(_ range: Range<Int>) -> String {
    unsafe extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// Copies a range out as a string, refusing what is not UTF-8.
  package func string(_ range: Range<Int>) throws(LayoutError) -> String {
    let text = unsafe extracting(range).withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
    guard let text else { throw .invalidUTF8 }
    return text
  }
}

/// Looking at bytes in place.
extension RawSpan {
  /// The byte at an offset; traps when the offset is out of bounds, as an array would.
  @inlinable
  package func byte(at offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// The byte at an offset that the caller has checked.
  @unsafe @inlinable @inline(__always)
  package func byte(unchecked offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
  }

  /// Eight bytes from an offset, the first one lowest; traps when they are out of bounds.
  @inlinable
  package func word(at offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Eight bytes from an offset that the caller has checked, the first one lowest.
  @unsafe @inlinable @inline(__always)
  package func word(unchecked offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }

  /// The four-byte length at an offset that the caller has checked.
  @unsafe @inlinable @inline(__always)
  package func length(unchecked offset: Int) -> Int {
    Int(Int32(bigEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Int32.self)))
  }
}

extension [UInt8] {
  /// Appends a range of a span.
  @inlinable
  package mutating func append(_ bytes: RawSpan, _ range: Range<Int>) {
    unsafe bytes.extracting(range).withUnsafeBytes { unsafe append(contentsOf: $0) }
  }
}
