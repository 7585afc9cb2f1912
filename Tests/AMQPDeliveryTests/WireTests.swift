// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Octets
import Testing

@testable import AMQPDelivery

/// Frames and methods, whole and broken.
@Suite struct WireTests {
  private static let methods: [[UInt8]] = [
    Words.start(confirms: true, mechanisms: "PLAIN"), Words.tune(frame: 4096, heartbeat: 60), Words.openOK,
    Words.close(530), Words.close(406, channel: 1), Words.blocked, Words.unblocked, Words.channelOpenOK,
    Words.confirmOK, Words.declareOK, Words.ack(7, multiple: true), Words.nack(8),
  ]

  private func frames(_ bytes: [UInt8], limit: Int = 131_072) throws -> [[UInt8]] {
    var (reader, found) = (FrameReader(), [[UInt8]]())
    reader.limit = limit
    reader.append(ByteBuffer(bytes: bytes))
    while let frame = try reader.next() { found.append(Array(reader.bytes[frame.payload])) }
    return found
  }

  @Test func `what is received in pieces of any size comes out as the same frames`() throws {
    let bytes = Self.methods.flatMap { $0 } + ClientMethod.heartbeat
    let whole = try frames(bytes)
    for size in 1...40 {
      var (reader, found) = (FrameReader(), [[UInt8]]())
      for start in stride(from: 0, to: bytes.count, by: size) {
        reader.append(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
        while let frame = try reader.next() { found.append(Array(reader.bytes[frame.payload])) }
      }
      #expect(found == whole)
    }
    #expect(whole.count == Self.methods.count + 1)
  }

  @Test(arguments: [
    (Array("AMQP".utf8) + [0, 0, 9, 1], ProtocolBreach.otherVersion),
    (Array("HTTP/1.1 400 Bad Request\r\n".utf8), .notAMQP), ([0x15, 3, 1, 0, 2, 2, 70], .notAMQP),
    ([1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], .frameTooLong(0xFFFF_FFFF)), ([1, 0, 0, 0, 2, 0, 0], .frameTooLong(131_072)),
    ([1, 0, 0, 0, 0, 0, 1, 9, 0], .noFrameEnd),
    ([1, 0, 0, 0, 0, 0, 0, 0xCE, 7, 0, 0, 0, 0, 0, 0], .frameKind(7)),
  ])
  func `bytes that are no frame are refused before more of them is waited for`(
    bytes: [UInt8], breach: ProtocolBreach
  ) {
    #expect(throws: breach) { try frames(bytes) }
  }

  @Test func `a method cut anywhere or with something behind it is refused, and nothing is believed`() throws {
    for frame in Self.methods {
      let payload = Array(frame[7..<(frame.count - 1)])
      _ = try ServerMethod(payload.span.bytes)
      for end in payload.indices {
        let cut = Array(payload[..<end])
        #expect(throws: ProtocolBreach.self) { try ServerMethod(cut.span.bytes) }
      }
      let longer = payload + [0]
      #expect(throws: ProtocolBreach.self) { try ServerMethod(longer.span.bytes) }
    }
  }

  @Test func `bytes changed anywhere never end the program`() throws {
    for frame in Self.methods {
      let payload = Array(frame[7..<(frame.count - 1)])
      for index in payload.indices {
        for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
          var changed = payload
          changed[index] = value
          _ = try? ServerMethod(changed.span.bytes)
          _ = try? ContentHeader(changed.span.bytes)
        }
      }
    }
  }

  @Test func `an unknown method is named`() {
    let bytes: [UInt8] = [0, 10, 0, 99]
    #expect(throws: ProtocolBreach.unknownMethod(10, 99)) { try ServerMethod(bytes.span.bytes) }
  }

  @Test func `a table has values of all kinds, and tables in tables only so deep`() throws {
    var bytes: [UInt8] = []
    bytes.appendCounted { bytes in
      for (tag, size) in [
        ("b", 1), ("B", 1), ("s", 2), ("u", 2), ("U", 2), ("I", 4), ("i", 4), ("f", 4), ("D", 5), ("L", 8), ("l", 8),
        ("d", 8), ("T", 8), ("V", 0),
      ] {
        bytes.appendShortString("a\(tag)".utf8)
        bytes += tag.utf8
        bytes += [UInt8](repeating: 0xFF, count: size)
      }
      bytes.appendField("text", "größe")
      bytes.appendShortString("array".utf8)
      bytes.append(UInt8(ascii: "A"))
      bytes.appendCounted { $0 += [UInt8(ascii: "t"), 1] }
      bytes.appendShortString("yes".utf8)
      bytes += [UInt8(ascii: "t"), 1]
    }
    var span = bytes.span.bytes
    let table = try FieldTable(from: &span)
    #expect(table.texts["text"] == "größe" && table.flags["yes"] == true && span.isEmpty)

    var nested: [UInt8] = [0, 0, 0, 0]
    for _ in 0..<20_000 {
      var outer: [UInt8] = []
      outer.appendBigEndian(UInt32(nested.count + 2))
      nested = outer + [0, UInt8(ascii: "F")] + nested
      if nested.count > 100_000 { break }
    }
    var deep = nested.span.bytes
    _ = try? FieldTable(from: &deep)
  }
}

/// Which message a confirmation is of.
@Suite struct ConfirmLedgerTests {
  private func ledger(_ count: Int) -> ConfirmLedger<Int> {
    var ledger = ConfirmLedger<Int>()
    for number in 1...count { ledger.add(number) }
    return ledger
  }

  @Test func `one is confirmed, or all up to it, in any order, each once`() throws {
    var (ledger, found) = (ledger(10), [Int]())
    try ledger.settle(3, multiple: false) { found.append($0) }
    try ledger.settle(3, multiple: false) { found.append($0) }
    #expect(found == [3] && ledger.count == 9 && ledger.oldest == 1)
    try ledger.settle(5, multiple: true) { found.append($0) }
    #expect(found == [3, 1, 2, 4, 5] && ledger.oldest == 6)
    try ledger.settle(2, multiple: true) { found.append($0) }
    try ledger.settle(10, multiple: false) { found.append($0) }
    try ledger.settle(0, multiple: true) { found.append($0) }
    #expect(found == [3, 1, 2, 4, 5, 10, 6, 7, 8, 9] && ledger.isEmpty && ledger.oldest == nil)
  }

  @Test(arguments: [(UInt64(11), false), (11, true), (.max, true), (0, false)])
  func `what was not sent cannot be confirmed`(tag: UInt64, multiple: Bool) {
    var ledger = ledger(10)
    #expect(throws: ProtocolBreach.unknownTag) { try ledger.settle(tag, multiple: multiple) { _ in } }
    #expect(ledger.count == 10)
  }

  @Test func `a new channel begins with the first tag again`() throws {
    var ledger = ledger(3)
    try ledger.settle(2, multiple: false) { _ in }
    #expect(ledger.drain() == [1, 3] && ledger.isEmpty)
    ledger.add(9)
    var found: [Int] = []
    try ledger.settle(1, multiple: false) { found.append($0) }
    #expect(found == [9])
  }
}
