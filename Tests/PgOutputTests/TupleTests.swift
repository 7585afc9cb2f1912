// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import TestStream
import Testing

@testable import PgOutput

@Suite struct TupleTests {
  @Test func `columns are read in order, as ranges of the message`() throws {
    let message = HandBuilt.insert(1, ["ab", nil, .unchanged, "", .binary([7])])
    guard case .insert(let insert) = try decode(message) else {
      Issue.record("no insert")
      return
    }
    var values: [Tuple.Value] = []
    insert.new.forEachColumn(in: message.span.bytes) { index, value in
      #expect(index == values.count)
      values.append(value)
    }
    #expect(values == [.text(13..<15), .null, .unchanged, .text(22..<22), .binary(27..<28)])
    #expect(Array(message[13..<15]) == Array("ab".utf8))
  }

  @Test(arguments: [3, 0xFFFF, 0x7FFF_FFFF] as [Int32])
  func `a value longer than the message`(length: Int32) {
    let message = Wire("I").u32(1).raw(Array("N".utf8)).u16(1).raw(Array("t".utf8)).i32(length).raw([1, 2]).bytes
    #expect(
      throws: DecodeError(tag: 0x49, offset: 13, reason: .layout(.truncated(needed: Int(length), available: 2)))
    ) { try decode(message) }
  }

  @Test(arguments: [-1, .min] as [Int32])
  func `a value of negative length`(length: Int32) {
    let message = Wire("I").u32(1).raw(Array("N".utf8)).u16(1).raw(Array("b".utf8)).i32(length).raw([1, 2]).bytes
    #expect(throws: DecodeError(tag: 0x49, offset: 13, reason: .layout(.invalidCount(Int(length))))) {
      try decode(message)
    }
  }

  @Test func `more columns than there are bytes`() {
    #expect(throws: DecodeError(tag: 0x49, offset: 8, reason: .layout(.invalidCount(0xFFFF)))) {
      try decode(Wire("I").u32(1).raw(Array("N".utf8)).u16(0xFFFF).raw(Array("nnn".utf8)).bytes)
    }
  }

  @Test(arguments: (0...255 as ClosedRange<UInt8>).filter { !"nutb".utf8.contains($0) })
  func `a column of no known kind`(tag: UInt8) {
    #expect(
      throws: DecodeError(tag: 0x49, offset: 9, reason: .layout(.unexpectedTag(tag, expected: "a column n, u, t or b")))
    ) { try decode(Wire("I").u32(1).raw(Array("N".utf8)).u16(1).u8(tag).bytes) }
  }
}
