// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import Testing

@Suite struct ByteReadingTests {
  private func read<T>(
    _ bytes: [UInt8], _ body: (inout RawSpan) throws(LayoutError) -> T
  ) throws(LayoutError) -> (value: T, left: Int) {
    var span = bytes.span.bytes
    let value = try body(&span)
    return (value, span.byteCount)
  }

  @Test func `integers are big-endian and shorten the span`() throws {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    #expect(try read(bytes) { (span) throws(LayoutError) in try span.readByte() } == (1, 8))
    #expect(try read(bytes) { (span) throws(LayoutError) in try span.readInteger(UInt16.self) } == (0x0102, 7))
    #expect(try read(bytes) { (span) throws(LayoutError) in try span.readInteger(UInt32.self) } == (0x0102_0304, 5))
    let long = try read(bytes) { (span) throws(LayoutError) in try span.readInteger(UInt64.self) }
    #expect(long == (0x0102_0304_0506_0708, 1))
    #expect(try read([0xFF, 0xFE]) { (span) throws(LayoutError) in try span.readInteger(Int16.self) } == (-2, 0))
    let unaligned = try read(bytes) { (span) throws(LayoutError) in
      try span.skip(1)
      return try span.readLSN()
    }
    #expect(unaligned == (LSN(rawValue: 0x0203_0405_0607_0809), 0))
    let time = try read([0x80, 0, 0, 0, 0, 0, 0, 0]) { (span) throws(LayoutError) in try span.readTimestamp() }
    #expect(time.value == PostgresTimestamp(rawValue: .min))
  }

  @Test(arguments: 0..<8)
  func `an integer is cut off`(available: Int) {
    let bytes = [UInt8](repeating: 0xAB, count: available)
    for size in [1, 2, 4, 8] where size > available {
      #expect(throws: LayoutError.truncated(needed: size, available: available)) {
        try read(bytes) { (span) throws(LayoutError) in
          switch size {
          case 1: UInt64(try span.readByte())
          case 2: UInt64(try span.readInteger(UInt16.self))
          case 4: UInt64(try span.readInteger(UInt32.self))
          default: try span.readInteger(UInt64.self)
          }
        }
      }
    }
  }

  @Test func `a failed read leaves the span as it was`() {
    let bytes: [UInt8] = [1, 2, 3]
    var span = bytes.span.bytes
    do {
      _ = try span.readInteger(UInt32.self)
      Issue.record("read four bytes of three")
    } catch {
      let left = span.byteCount
      #expect(left == 3)
    }
  }

  @Test func `a string ends at its NUL`() throws {
    #expect(try read(Array("Grüße\0rest".utf8)) { (span) throws(LayoutError) in try span.readString() } == ("Grüße", 4))
    #expect(try read([0]) { (span) throws(LayoutError) in try span.readString() } == ("", 0))
  }

  @Test(arguments: [[], Array("abc".utf8)])
  func `a string without a NUL`(bytes: [UInt8]) {
    #expect(throws: LayoutError.unterminatedString) {
      try read(bytes) { (span) throws(LayoutError) in try span.readString() }
    }
  }

  @Test(
    arguments: [
      [0xFF], [0xC0, 0x80], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
    ] as [[UInt8]])
  func `a string that is not UTF-8`(bytes: [UInt8]) {
    #expect(throws: LayoutError.invalidUTF8) {
      try read(bytes + [0]) { (span) throws(LayoutError) in try span.readString() }
    }
  }

  @Test func `a count may be as large as the bytes allow`() throws {
    let exact = try read([0, 2, 1, 1, 1, 1]) { (span) throws(LayoutError) in try span.readCount16(minimumSize: 2) }
    #expect(exact == (2, 4))
    let long = try read([0, 0, 0, 1, 9]) { (span) throws(LayoutError) in try span.readCount32(minimumSize: 1) }
    #expect(long == (1, 1))
    #expect(try read([0, 0]) { (span) throws(LayoutError) in try span.readCount16(minimumSize: 10) } == (0, 0))
  }

  @Test func `a count that the bytes cannot hold`() {
    #expect(throws: LayoutError.invalidCount(3)) {
      try read([0, 3, 1, 1, 1, 1, 1]) { (span) throws(LayoutError) in try span.readCount16(minimumSize: 2) }
    }
    #expect(throws: LayoutError.invalidCount(0xFFFF)) {
      try read([0xFF, 0xFF, 1]) { (span) throws(LayoutError) in try span.readCount16(minimumSize: 1) }
    }
    #expect(throws: LayoutError.invalidCount(0x7FFF_FFFF)) {
      try read([0x7F, 0xFF, 0xFF, 0xFF, 1]) { (span) throws(LayoutError) in try span.readCount32(minimumSize: 1) }
    }
    #expect(throws: LayoutError.invalidCount(-1)) {
      try read([0xFF, 0xFF, 0xFF, 0xFF, 1]) { (span) throws(LayoutError) in try span.readCount32(minimumSize: 1) }
    }
  }

  @Test func `skipping stays within the span`() throws {
    #expect(try read([1, 2, 3]) { (span) throws(LayoutError) in try span.skip(3) }.left == 0)
    #expect(throws: LayoutError.truncated(needed: 4, available: 3)) {
      try read([1, 2, 3]) { (span) throws(LayoutError) in try span.skip(4) }
    }
    #expect(throws: LayoutError.invalidCount(-1)) {
      try read([1, 2, 3]) { (span) throws(LayoutError) in try span.skip(-1) }
    }
  }

  @Test func `bytes left over are counted`() throws {
    #expect(throws: LayoutError.bytesLeftOver(2)) {
      try read([1, 2]) { (span) throws(LayoutError) in try span.expectEnd() }
    }
    _ = try read([]) { (span) throws(LayoutError) in try span.expectEnd() }
  }
}
