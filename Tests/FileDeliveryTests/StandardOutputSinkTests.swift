// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import PostgresWire
import Synchronization
import TestDelivery
import TestStream
import Testing

@testable import FileDelivery

@Suite struct StandardOutputSinkTests {
  /// Reads to the end on a thread of its own: it blocks, which the threads of tasks must not.
  private func readAll(_ pipe: Pipe) async -> Data {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: pipe.fileHandleForReading.readDataToEndOfFile()) }
    }
  }

  @Test func `lines go to the pipe whole and in order`() async throws {
    let pipe = Pipe()
    let sink = try StandardOutputSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
    let directory = try TemporaryDirectory()
    let batches = try [batch(1...50), batch(51...51, payload: String(repeating: "y", count: 300_000)), batch(52...60)]
    async let received = readAll(pipe)
    for batch in batches { try await sink.deliver(batch) }
    try pipe.fileHandleForWriting.close()
    #expect(try directory.ids(in: Array(await received)) == Array(1...60))
    #expect(sink.resumePosition == nil)
  }

  @Test func `a pipe that does not block is waited for`() async throws {
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    #expect(fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0)
    let sink = try StandardOutputSink(descriptor: descriptor)
    let large = try batch(1...1, payload: String(repeating: "y", count: 300_000))
    async let delivered: Void = sink.deliver(large)
    try await Task.sleep(for: .milliseconds(20))
    async let received = readAll(pipe)
    try await delivered
    try pipe.fileHandleForWriting.close()
    #expect(Array(await received) == large.bytes)
  }

  @Test func `the sink holds to what every sink has to`() async throws {
    let conformance = SinkConformance {
      let pipe = SlowPipe()
      return SinkConformance.Subject(
        try StandardOutputSink(descriptor: pipe.descriptor), arrived: { try await pipe.ids() },
        hold: { pipe.hold($0) }, spoil: { pipe.leave() })
    }
    #expect(try await conformance.violations() == [])
  }

  @Test func `an output that cannot be written to is none`() throws {
    let pipe = Pipe()
    let error = #expect(throws: Failure.self) {
      try StandardOutputSink(descriptor: pipe.fileHandleForReading.fileDescriptor)
    }
    #expect(error?.kind == .cannotCreate)
    #expect(throws: Failure.self) { try StandardOutputSink(descriptor: .max) }
  }

  @Test func `a reader that has gone`() async throws {
    signal(SIGPIPE, SIG_IGN)
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let sink = try StandardOutputSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
    let batch = try batch(1...1)
    let error = await #expect(throws: Failure.self) { try await sink.deliver(batch) }
    #expect(error?.kind == .readerGone)
  }
}

/// Standard output that a shell leads into a file.
@Suite struct RedirectedOutputTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Opens it as `>` and `>>` do, for writing alone.
  private func redirected(appending: Bool, _ body: (Int32) async throws -> Void) async throws {
    let descriptor = open(directory.file("out"), O_WRONLY | O_CREAT | (appending ? O_APPEND : O_TRUNC), 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try await body(descriptor)
  }

  @Test func `a file whose last line is not whole is refused and left as it is, until that line is cut off`()
    async throws
  {
    let half = Array(#"{"specversion":"1.0","id":"#.utf8)
    try await redirected(appending: false) { descriptor in
      try await StandardOutputSink(descriptor: descriptor).deliver(try batch(1...3))
    }
    let whole = try directory.read("out")
    _ = try directory.write(whole + half, "out")
    try await redirected(appending: true) { descriptor in
      let error = #expect(throws: Failure.self) { try StandardOutputSink(descriptor: descriptor) }
      #expect(error?.kind == .cannotCreate)
      #expect(error?.description.contains("cut that line off") == true, "\(String(describing: error))")
    }
    #expect(try directory.read("out") == whole + half)
    // As the advice says.
    _ = try directory.write(whole, "out")
    try await redirected(appending: true) { descriptor in
      try await StandardOutputSink(descriptor: descriptor).deliver(try batch(4...4))
    }
    #expect(try directory.ids("out") == [1, 2, 3, 4])
  }

  @Test(arguments: ["cut", "deleted", "somebody else"], [false, true])
  func `a file that is not ours alone any more ends the delivery, and says so`(way: String, appending: Bool)
    async throws
  {
    try await redirected(appending: appending) { descriptor in
      let sink = try StandardOutputSink(descriptor: descriptor)
      try await sink.deliver(try batch(1...3))
      switch way {
      case "cut": #expect(truncate(directory.file("out"), 0) == 0)
      case "deleted": try directory.remove("out")
      default:
        let other = try #require(FileHandle(forWritingAtPath: directory.file("out")))
        try other.seekToEnd()
        try other.write(contentsOf: Data("note\n".utf8))
      }
      let error = await #expect(throws: Failure.self) { try await sink.deliver(try batch(4...4)) }
      #expect(error?.kind == .writeFailed)
      #expect(error?.description.contains(way) == true, "\(String(describing: error))")
      if way == "cut" { #expect(try !directory.read("out").contains(0), "it is not filled up") }
      if way == "somebody else" { #expect(try directory.read("out").count { $0 == 0x0A } == 5, "nothing is cut") }
    }
  }

  @Test(arguments: [false, true])
  func `what others write into the file before the first event and behind the last is their business`(appending: Bool)
    async throws
  {
    try await redirected(appending: appending) { descriptor in
      try FileHandle(fileDescriptor: descriptor).write(contentsOf: Data("header\n".utf8))
      let sink = try StandardOutputSink(descriptor: descriptor)
      try FileHandle(fileDescriptor: descriptor).write(contentsOf: Data("more\n".utf8))
      try await sink.deliver(try batch(1...2))
      try await sink.deliver(try batch(3...3))
      sink.close()
      try FileHandle(fileDescriptor: descriptor).write(contentsOf: Data("trailer\n".utf8))
    }
    let lines = String(decoding: try directory.read("out"), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 6 && Array(lines[..<2]) == ["header", "more"] && lines[5] == "trailer")
  }

  @Test func `a file that has no name from the start is written to`() async throws {
    try await redirected(appending: false) { descriptor in
      try directory.remove("out")
      try await StandardOutputSink(descriptor: descriptor).deliver(try batch(1...3))
      let text = try String(contentsOfFile: "/proc/self/fd/\(descriptor)", encoding: .utf8)
      #expect(text.split(separator: "\n").count == 3)
    }
  }

  @Test func `a successor takes over while a batch is being written`() async throws {
    try await redirected(appending: false) { descriptor in
      for number in 1...20 as ClosedRange<UInt64> {
        let sink = try StandardOutputSink(descriptor: descriptor)
        sink.submit(try batch(number...number, payload: String(repeating: "y", count: 3_000_000))) { _ in }
        sink.close()
      }
      _ = try StandardOutputSink(descriptor: descriptor)
    }
    _ = try directory.ids("out")
  }
}

/// A pipe whose reader may pause and leave.
private final class SlowPipe: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var isHeld = false
    var hasLeft = false
  }

  private let pipe = Mutex(Pipe())
  private let state = Mutex(State())
  let descriptor: Int32

  init() {
    signal(SIGPIPE, SIG_IGN)
    let (reading, writing) = pipe.withLock {
      ($0.fileHandleForReading.fileDescriptor, $0.fileHandleForWriting.fileDescriptor)
    }
    descriptor = writing
    _ = fcntl(reading, F_SETFL, O_NONBLOCK)
  }

  func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }

  func leave() {
    read()
    state.withLock { $0.hasLeft = true }
    pipe.withLock { try? $0.fileHandleForReading.close() }
  }

  /// The ids that have come out, after a moment for more.
  func ids() async throws -> [String] {
    for _ in 0..<20 {
      read()
      try await Task.sleep(for: .milliseconds(5))
    }
    let bytes = state.withLock(\.bytes)
    return try TemporaryDirectory().ids(in: bytes).map(String.init)
  }

  private func read() {
    guard state.withLock({ !$0.isHeld && !$0.hasLeft }) else { return }
    let reading = pipe.withLock { $0.fileHandleForReading.fileDescriptor }
    var piece = [UInt8](repeating: 0, count: 65_536)
    while case let count = Foundation.read(reading, &piece, piece.count), count > 0 {
      state.withLock { $0.bytes += piece[..<count] }
    }
  }
}

@Suite struct EventLineTests {
  @Test(arguments: [
    (#"{"sequence":"0000000000000010-0000000001"}"#, true),
    (#"{"a":[1],"sequence":"0000000000000010-0000000001"}"#, true),
    ("{\"sequence\":\"0000000000000010-0000000001\"}\n", true),
    (#"{"a":{"sequence":"0000000000000010-0000000001"}}"#, false),
    (#"{"data":"\"sequence\":\"0000000000000010-0000000001\""}"#, false), (#"{"sequence":1}"#, false),
    (#"{"sequence":"1"}"#, false), ("{}", false), ("null", false), ("", false), (#"{"sequence":"00"#, false),
  ])
  func `the position is read from the envelope only`(line: String, isThere: Bool) {
    #expect(EventLine.position(in: Array(line.utf8)) == (isThere ? position(1) : nil))
  }
}

@Suite struct FileSinkStateTests {
  @Test func `what is written is read back`() {
    var state = FileSinkState(origin: StreamOrigin(stream), last: nil, started: 1_714_564_800)
    #expect(FileSinkState(text: state.text) == state)
    state.last = position(7)
    #expect(FileSinkState(text: state.text) == state)
    #expect(
      state.text
        == """
        tailrace-file-sink 1
        system 7000000000000000001
        timeline 1
        slot slot
        started 1714564800
        last 0000000000000010-0000000007

        """)
  }
}
