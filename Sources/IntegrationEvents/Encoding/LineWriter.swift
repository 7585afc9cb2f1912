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
