// SPDX-License-Identifier: Apache-2.0

import Octets

/// Writes one line into room that was made for it.
///
/// Short values are stored in whole machine words, so the room has to be `slack` bytes longer than the line. Every call
/// checks the room and traps when there is too little. It is a value that stays in registers: what is rare goes through
/// functions that take it and give it back.
@safe struct LineWriter {
  /// How much room more than it fills the line needs.
  static let slack = 8
  /// How many bytes an escaped byte takes at most: `\u001f`.
  static let longestEscape = 6

  private let base: UnsafeMutableRawPointer
  private let capacity: Int
  /// How many bytes have been written.
  private(set) var count = 0

  fileprivate init(_ base: UnsafeMutableRawPointer, capacity: Int) {
    unsafe self.base = unsafe base
    self.capacity = capacity
  }

  /// Appends text that is known when compiling.
  @inline(__always)
  mutating func append(_ text: StaticString) {
    unsafe append(UnsafeRawPointer(text.utf8Start), count: text.utf8CodeUnitCount)
  }

  /// Appends an array.
  @inline(__always)
  mutating func append(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe append(start, count: bytes.count)
    }
  }

  /// Appends a range of a span.
  @inline(__always)
  mutating func append(_ bytes: RawSpan, _ range: Range<Int>) {
    unsafe bytes.extracting(range).withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe append(start, count: bytes.count)
    }
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    precondition(count < capacity)
    unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
  }

  /// Appends the lowest `length` bytes of a word, the lowest first.
  @inline(__always)
  mutating func append(word: UInt64, length: Int = 8) {
    precondition(capacity &- count >= 8)
    unsafe store(word, at: count)
    count &+= length
  }

  /// Appends a range of a span if nothing in it needs escaping or checking; else writes nothing that counts.
  @inline(__always)
  mutating func appendPlain(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    let (start, length) = (range.lowerBound, range.upperBound &- range.lowerBound)
    // Every load below lies in the range, or in eight bytes that the span has; every store in the room.
    precondition(start >= 0 && range.upperBound <= bytes.byteCount && capacity &- count >= length &+ Self.slack)
    var done = 0
    while done &+ 8 <= length {
      let word = unsafe bytes.word(unchecked: start &+ done)
      unsafe store(word, at: count &+ done)
      if TextScanning.needsCare(word) { return false }
      done &+= 8
    }
    let left = length &- done
    if left > 0 {
      if length >= 8 {
        // The last eight bytes; those of them that were copied already are known to be plain.
        let word = unsafe bytes.word(unchecked: range.upperBound &- 8)
        unsafe store(word, at: count &+ length &- 8)
        if TextScanning.needsCare(word) { return false }
      } else if start &+ 8 <= bytes.byteCount {
        // The bytes behind the range come along and do not count.
        let word = unsafe bytes.word(unchecked: start)
        unsafe store(word, at: count)
        if TextScanning.needsCare(word, lowest: left) { return false }
      } else {
        for offset in 0..<length {
          let byte = bytes.byte(at: start &+ offset)
          unsafe base.storeBytes(of: byte, toByteOffset: count &+ offset, as: UInt8.self)
          if TextScanning.needsCare(byte) { return false }
        }
      }
    }
    count &+= length
    return true
  }

  /// Appends a range of what has been written.
  @inline(__always)
  mutating func append(copyOf range: Range<Int>) {
    let length = range.upperBound &- range.lowerBound
    precondition(range.lowerBound >= 0 && range.upperBound <= count && capacity &- count >= length &+ Self.slack)
    var done = 0
    while done < length {
      unsafe store(base.loadUnaligned(fromByteOffset: range.lowerBound &+ done, as: UInt64.self), at: count &+ done)
      done &+= 8
    }
    count &+= length
  }

  @unsafe @inline(__always)
  private func store(_ word: UInt64, at offset: Int) {
    unsafe base.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
  }

  @unsafe @inline(__always)
  private mutating func append(_ source: UnsafeRawPointer, count length: Int) {
    precondition(length <= capacity &- count)
    unsafe (base + count).copyMemory(from: source, byteCount: length)
    count &+= length
  }
}

extension [UInt8] {
  /// Appends what `body` writes, at most `room` bytes; what it wrote stays also when it throws.
  @inline(__always)
  mutating func append<E>(
    room: Int, _ body: (inout LineWriter) throws(E) -> Void
  ) throws(E) {
    try append(addingCapacity: room) { span throws(E) in
      try unsafe span.withUnsafeMutableBufferPointer { target, initialized throws(E) in
        guard let base = target.baseAddress else { return }
        var writer = unsafe LineWriter(UnsafeMutableRawPointer(base), capacity: target.count)
        defer { initialized = writer.count }
        try body(&writer)
      }
    }
  }
}

/// Digits written and read eight at a time, in a machine word instead of a loop.
enum DigitWord {
  /// The eight decimal digits of a number below 100,000,000, the first one in the lowest byte.
  ///
  /// Splits into groups of four, two and one digits, each side by side in the word; quotients are products with a
  /// rounded reciprocal, which are exact for so few digits.
  @inline(__always)
  static func decimal(_ value: UInt32) -> UInt64 {
    let fours = UInt64(value / 10_000) | UInt64(value % 10_000) << 32
    let hundreds = (fours &* 10_486) >> 20 & 0x0000_007F_0000_007F
    let twos = hundreds | (fours &- hundreds &* 100) << 16
    let tens = (twos &* 103) >> 10 & 0x000F_000F_000F_000F
    return (tens | (twos &- tens &* 10) << 8) | 0x3030_3030_3030_3030
  }

  /// The two decimal digits of a number below 100, the first one in the lowest byte.
  @inline(__always)
  static func twoDecimal(_ value: UInt32) -> UInt64 {
    let tens = value / 10
    return UInt64(tens | (value &- tens &* 10) << 8 | 0x3030)
  }

  /// The eight upper-case hexadecimal digits of a number, the first one in the lowest byte.
  @inline(__always)
  static func hexadecimal(_ value: UInt32) -> UInt64 {
    var word = UInt64(value)
    word = word >> 16 & 0xFFFF | (word & 0xFFFF) << 32
    word = word >> 8 & 0x0000_00FF_0000_00FF | (word & 0x0000_00FF_0000_00FF) << 16
    word = word >> 4 & 0x000F_000F_000F_000F | (word & 0x000F_000F_000F_000F) << 8
    let isLetter = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return word &+ 0x3030_3030_3030_3030 &+ isLetter &* 7
  }

  /// In each byte the number that its digit and the next one make, of text in which the bytes under `digits` (all bits of
  /// each are set) are decimal digits and the others are as in `template`; nil when they are not.
  @inline(__always)
  static func pairs(_ word: UInt64, digits: UInt64, template: UInt64) -> UInt64? {
    let found = word & digits
    let zeroes = 0x3030_3030_3030_3030 & digits
    // A digit's upper half is 3, also after adding 6.
    let sums = found &+ (0x0606_0606_0606_0606 & digits)
    let wrong = ((found ^ zeroes) | (sums ^ zeroes)) & 0xF0F0_F0F0_F0F0_F0F0
    guard wrong | (word ^ template) & ~digits == 0 else { return nil }
    let values = found & 0x0F0F_0F0F_0F0F_0F0F
    return values &* 10 &+ values >> 8
  }
}
