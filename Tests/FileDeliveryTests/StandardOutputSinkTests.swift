import Delivery
import Foundation
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
    let sink = StandardOutputSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
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
    let sink = StandardOutputSink(descriptor: descriptor)
    let large = try batch(1...1, payload: String(repeating: "y", count: 300_000))
    async let delivered: Void = sink.deliver(large)
    try await Task.sleep(for: .milliseconds(20))
    async let received = readAll(pipe)
    try await delivered
    try pipe.fileHandleForWriting.close()
    #expect(Array(await received) == large.bytes)
  }

  @Test func `a reader that has gone`() async throws {
    signal(SIGPIPE, SIG_IGN)
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let sink = StandardOutputSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
    let batch = try batch(1...1)
    let error = await #expect(throws: SinkError.self) { try await sink.deliver(batch) }
    #expect(error?.kind == .readerGone)
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
