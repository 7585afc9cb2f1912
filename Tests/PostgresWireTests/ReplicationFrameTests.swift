// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import Testing

@Suite struct ReplicationFrameTests {
  static let data: [UInt8] =
    [0x77] + [0, 0, 0, 0x16, 0xB3, 0x74, 0xD8, 0x48] + [0, 0, 0, 0x16, 0xB3, 0x74, 0xD9, 0]
    + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE] + [0x42, 0x43]
  static let keepalive: [UInt8] = [0x6B] + [0, 0, 0, 1, 0, 0, 0, 2] + [0, 0, 0, 0, 0, 0, 1, 0] + [1]

  private func decode(_ bytes: [UInt8]) throws -> ReplicationFrame {
    try ReplicationFrame.decode(from: bytes.span.bytes)
  }

  @Test func `XLogData has two positions and a time before its payload`() throws {
    guard case .xLogData(let header) = try decode(Self.data) else {
      Issue.record("not XLogData")
      return
    }
    #expect(header.start == LSN("16/B374D848"))
    #expect(header.serverEnd == LSN("16/B374D900"))
    #expect(header.sentAt == PostgresTimestamp(rawValue: -2))
    #expect(Array(Self.data[ReplicationFrame.XLogData.payloadOffset...]) == [0x42, 0x43])
  }

  @Test func `XLogData without a payload is whole`() throws {
    _ = try decode(Array(Self.data[..<25]))
  }

  @Test(arguments: [(UInt8(0), false), (1, true), (255, true)])
  func `a keepalive may want an answer`(byte: UInt8, wants: Bool) throws {
    guard case .keepalive(let keepalive) = try decode(Self.keepalive.dropLast() + [byte]) else {
      Issue.record("not a keepalive")
      return
    }
    #expect(keepalive.serverEnd == LSN("1/2"))
    #expect(keepalive.sentAt == PostgresTimestamp(rawValue: 256))
    #expect(keepalive.replyRequested == wants)
  }

  @Test(arguments: 0..<25)
  func `XLogData cut off in its header`(count: Int) {
    #expect(throws: LayoutError.self) { try decode(Array(Self.data[..<count])) }
  }

  @Test(arguments: 0..<18)
  func `keepalive cut off`(count: Int) {
    #expect(throws: LayoutError.self) { try decode(Array(Self.keepalive[..<count])) }
  }

  @Test func `keepalive with a byte too many`() {
    #expect(throws: LayoutError.bytesLeftOver(1)) { try decode(Self.keepalive + [0]) }
  }

  @Test(arguments: (0...255 as ClosedRange<UInt8>).filter { $0 != 0x77 && $0 != 0x6B })
  func `any other tag`(tag: UInt8) {
    #expect(throws: LayoutError.unexpectedTag(tag, expected: "w or k")) { try decode([tag] + Self.data.dropFirst()) }
  }

  @Test func `a frame around a message carries its position twice`() throws {
    let frame = ReplicationFrame.xLogData(
      start: LSN(rawValue: 0x0102_0304_0506_0708), sentAt: PostgresTimestamp(rawValue: 9), payload: [0x45])
    #expect(frame == [0x77, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0x45])
  }
}

@Suite struct StandbyStatusTests {
  @Test func `a status update is these 34 bytes`() {
    let status = StandbyStatus(write: LSN(rawValue: 0x1122), flush: LSN(rawValue: 0x33), replyRequested: true)
    let expected: [UInt8] =
      [0x72] + [0, 0, 0, 0, 0, 0, 0x11, 0x22] + [0, 0, 0, 0, 0, 0, 0, 0x33] + [0, 0, 0, 0, 0, 0, 0, 0x33]
      + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF] + [1]
    #expect(status.encoded(at: PostgresTimestamp(rawValue: -1)) == expected)
  }

  @Test func `no answer is asked for unless wanted`() {
    let bytes = StandbyStatus(write: .zero, flush: .zero).encoded(at: PostgresTimestamp(rawValue: 0))
    #expect(bytes == [0x72] + [UInt8](repeating: 0, count: 33))
  }
}
