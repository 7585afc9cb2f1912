// SPDX-License-Identifier: Apache-2.0

import Glibc
import PostgresClient
import PostgresWire
import Testing

@testable import Replication

/// The frame of a Begin: sent at one time, of a transaction that was committed at another, in microseconds.
private func begin(sent: Int64, committed: Int64) -> [UInt8] {
  func bytes(_ value: Int64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
  return [UInt8(ascii: "w")] + bytes(1) + bytes(1) + bytes(sent) + [UInt8(ascii: "B")] + bytes(1) + bytes(committed)
    + [0, 0, 0, 1]
}

private func pacing(_ mode: ReadPacing.Mode, lateBy microseconds: Int64) -> ReadPacing {
  var pacing = ReadPacing(mode)
  pacing.note(begin(sent: 1_000_000 + microseconds, committed: 1_000_000).span.bytes)
  return pacing
}

@Test(arguments: [ReadPacing.Mode.automatic, .off, .fixed(.milliseconds(3))])
func `a live stream is never paused`(_ mode: ReadPacing.Mode) throws {
  let pair = try SocketPair.tcp()
  let buffer = pair.receiveBuffer
  var live = pacing(mode, lateBy: 90_000)
  #expect(live.pause(afterGathering: 20_000, on: ServerSocket(descriptor: pair.ours)) == nil)
  var unknown = ReadPacing(mode)
  #expect(unknown.pause(afterGathering: 20_000, on: ServerSocket(descriptor: pair.ours)) == nil)
  #expect(pair.receiveBuffer == buffer)
}

@Test func `a stream that turns live is not paused any more`() throws {
  let pair = try SocketPair.unix()
  var pacing = pacing(.automatic, lateBy: 200_000)
  #expect(pacing.pause(afterGathering: 20_000, on: ServerSocket(descriptor: pair.ours)) != nil)
  pacing.note(begin(sent: 2_000_000, committed: 1_999_000).span.bytes)
  #expect(pacing.pause(afterGathering: 20_000, on: ServerSocket(descriptor: pair.ours)) == nil)
}

@Test func `a transaction in progress is paced, until a live one comes`() throws {
  let pair = try SocketPair.unix()
  var pacing = ReadPacing(.automatic)
  var streamStart = begin(sent: 1_000_000, committed: 0)
  streamStart[25] = UInt8(ascii: "S")
  pacing.note(streamStart.span.bytes)
  #expect(pacing.pause(afterGathering: 20_000, on: ServerSocket(descriptor: pair.ours)) != nil)
  pacing.note(begin(sent: 2_000_000, committed: 1_999_000).span.bytes)
  #expect(pacing.pause(afterGathering: 20_000, on: ServerSocket(descriptor: pair.ours)) == nil)
}

@Test func `what is pinned stays pinned`() throws {
  let pair = try SocketPair.tcp()
  let buffer = pair.receiveBuffer
  let socket = ServerSocket(descriptor: pair.ours)
  var off = pacing(.off, lateBy: 1_000_000)
  #expect(off.pause(afterGathering: 20_000, on: socket) == nil)
  var fixed = pacing(.fixed(.milliseconds(3)), lateBy: 1_000_000)
  for bytes in [1, 20_000, 5_000_000] { #expect(fixed.pause(afterGathering: bytes, on: socket) == .milliseconds(3)) }
  #expect(pair.receiveBuffer == buffer)
}

@Test func `without anything gathered there is nothing to pause for`() throws {
  let pair = try SocketPair.unix()
  var pacing = pacing(.automatic, lateBy: 1_000_000)
  #expect(pacing.pause(afterGathering: 0, on: ServerSocket(descriptor: pair.ours)) == nil)
}

@Test func `the window to a server on this machine becomes small under a backlog`() throws {
  let pair = try SocketPair.tcp()
  let socket = ServerSocket(descriptor: pair.ours)
  #expect(socket.isWithinMachine)
  var pacing = pacing(.automatic, lateBy: 1_000_000)
  _ = pacing.pause(afterGathering: 20_000, on: socket)
  #expect(pair.receiveBuffer == 2 * AdaptivePause.window)
}

@Test func `a Unix socket keeps its buffer`() throws {
  let pair = try SocketPair.unix()
  let buffer = pair.receiveBuffer
  let socket = ServerSocket(descriptor: pair.ours)
  #expect(!socket.isWithinMachine)
  var pacing = pacing(.automatic, lateBy: 1_000_000)
  _ = pacing.pause(afterGathering: 20_000, on: socket)
  #expect(pair.receiveBuffer == buffer)
}

@Test func `a socket tells how much it holds`() throws {
  let pair = try SocketPair.unix()
  let socket = ServerSocket(descriptor: pair.ours)
  #expect(socket.waitingBytes == 0)
  try #require("12345".withCString { write(pair.theirs, $0, 5) } == 5)
  #expect(socket.waitingBytes == 5)
}
