// SPDX-License-Identifier: Apache-2.0

/// Bytes where they are written; whoever calls has looked that there is room.
extension AvroTranscoderRun {
  @inline(__always)
  mutating func put(_ byte: UInt8) {
    unsafe output[written] = byte
    written &+= 1
  }

  /// An `int` or a `long`: zig-zag, seven bits a byte, the lowest first; at most ten.
  @inline(__always)
  mutating func put(long value: Int64) {
    var rest = UInt64(bitPattern: value &<< 1 ^ value &>> 63)
    while rest >= 0x80 {
      put(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest &>>= 7
    }
    put(UInt8(truncatingIfNeeded: rest))
  }

  /// Eight bytes, the first lowest, of which so many count.
  @inline(__always)
  mutating func put(_ word: UInt64, _ count: Int) {
    unsafe UnsafeMutableRawPointer(output + written).storeBytes(of: word.littleEndian, as: UInt64.self)
    written &+= count
  }

  /// Text as it stands; behind what it is written to there is room for ``AvroTranscoder/slack`` bytes more.
  @inline(__always)
  mutating func put(text start: Int, _ count: Int, _ reader: AcceptorRun) {
    if count <= 24, start &+ 24 <= reader.room {
      let target = unsafe UnsafeMutableRawPointer(output + written)
      // Most are short: what is too much is written over.
      unsafe target.storeBytes(of: reader.word(start).littleEndian, as: UInt64.self)
      if count > 8 {
        unsafe target.storeBytes(of: reader.word(start &+ 8).littleEndian, toByteOffset: 8, as: UInt64.self)
        unsafe target.storeBytes(of: reader.word(start &+ 16).littleEndian, toByteOffset: 16, as: UInt64.self)
      }
    } else {
      unsafe UnsafeMutableRawPointer(output + written).copyMemory(from: reader.text + start, byteCount: count)
    }
    written &+= count
  }

  /// What was written, to another place that it does not overlap; either has room behind it.
  @unsafe @inline(__always)
  func copy(_ source: UnsafePointer<UInt8>, to place: Int, _ count: Int) {
    guard count <= 16 else { return unsafe (output + place).update(from: source, count: count) }
    let (from, target) = unsafe (UnsafeRawPointer(source), UnsafeMutableRawPointer(output + place))
    let first = unsafe from.loadUnaligned(as: UInt64.self)
    let second = unsafe from.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    unsafe target.storeBytes(of: first, as: UInt64.self)
    unsafe target.storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
  }

  /// Begins what has a number of items in front of it; the place is for ``close(_:_:)``.
  @inline(__always)
  mutating func open() -> Int {
    put(0)
    return written
  }

  /// Writes the number of items before what was begun, and what ends them. Most need the one byte that was left for it.
  mutating func close(_ start: Int, _ count: Int) -> Bool {
    guard written &+ AvroTranscoder.slack <= room else { return false }
    var rest = UInt64(truncatingIfNeeded: count) &<< 1
    if rest >= 0x80 {
      var more = 0
      while rest &>> UInt64(7 &* (more &+ 1)) > 0 { more &+= 1 }
      let begun = unsafe UnsafeMutableRawPointer(output + start)
      unsafe (begun + more).copyMemory(from: begun, byteCount: written &- start)
      written &+= more
      for index in 0..<more {
        unsafe output[start &- 1 &+ index] = UInt8(truncatingIfNeeded: rest) | 0x80
        rest &>>= 7
      }
      unsafe output[start &- 1 &+ more] = UInt8(truncatingIfNeeded: rest)
    } else {
      unsafe output[start &- 1] = UInt8(truncatingIfNeeded: rest)
    }
    put(0)
    return true
  }
}
