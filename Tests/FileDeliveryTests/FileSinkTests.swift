// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import IntegrationEvents
import PostgresWire
import Synchronization
import TestDelivery
import TestStream
import Testing

@testable import FileDelivery

@Suite struct FileSinkTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func `batches are appended as they are`() async throws {
    let sink = try directory.sink()
    #expect(sink.resumePosition == nil)
    let first = try batch(1...3)
    let second = try batch(4...4, payload: "ü\n")
    try await sink.deliver(first)
    try await sink.deliver(second)
    #expect(try directory.read("events") == first.bytes + second.bytes)
  }

  @Test(arguments: [511, 512, 6000])
  func `a file whose last line is nested deep is gone on from`(depth: Int) async throws {
    let data = String(repeating: "{\"a\":[", count: depth / 2) + "1" + String(repeating: "]}", count: depth / 2)
    let first = try Events.batch([Events.Sample(id: "1", key: "a"), Events.Sample(id: "2", key: "a", data: data)])
    let sink = try directory.sink()
    try await sink.deliver(first)
    sink.close()
    let next = try directory.sink()
    #expect(next.resumePosition == first.events[1].position)
    let second = try Events.batch([Events.Sample(id: "3", key: "a")], from: 3)
    try await next.deliver(second)
    #expect(try directory.read("events") == first.bytes + second.bytes)
  }

  @Test func `the file and its state are the owner's alone`() throws {
    _ = try directory.sink()
    for name in ["events", "events.state"] {
      let mode = try FileManager.default.attributesOfItem(atPath: directory.file(name))[.posixPermissions]
      #expect(mode as? Int == 0o600)
    }
  }

  @Test func `deliveries under way together keep their order`() async throws {
    let sink = try directory.sink()
    let batches = try (1...200 as ClosedRange<UInt64>).map { try batch($0...$0) }
    let durable = Atomic(0)
    for batch in batches { sink.submit(batch) { if $0 == nil { durable.add(1, ordering: .relaxed) } } }
    while durable.load(ordering: .relaxed) < 200 { try await Task.sleep(for: .milliseconds(1)) }
    #expect(try directory.ids("events") == Array(1...200))
  }

  @Test(arguments: [true, false])
  func `the sink holds to what every sink has to`(synchronizes: Bool) async throws {
    let conformance = SinkConformance {
      let directory = try TemporaryDirectory()
      let sink = try directory.sink { $0.synchronizes = synchronizes }
      // Without its directory a deleted file cannot be found, which the sink notices.
      return SinkConformance.Subject(
        sink, arrived: { (try? directory.ids("events").map(String.init)) ?? ["0", "1", "2"] },
        spoil: { try directory.remove("events") })
    }
    #expect(try await conformance.violations() == [])
  }

  @Test(arguments: ["one line without a newline", "a line\nand half a li"])
  func `a file that is not ours is refused before anything in it is touched`(text: String) throws {
    let path = try directory.write(Array(text.utf8), "events")
    #expect(#expect(throws: Failure.self) { try directory.sink() }?.kind == .wrongStream)
    #expect(try directory.read("events") == Array(text.utf8))
    // Of another slot.
    _ = try directory.write(
      Array("tailrace-file-sink 1\nsystem 8\ntimeline 1\nslot slot\nstarted 1\n".utf8), "events.state")
    #expect(#expect(throws: Failure.self) { try directory.sink() }?.kind == .wrongStream)
    #expect(try directory.read("events") == Array(text.utf8))
    #expect(FileManager.default.fileExists(atPath: path))
  }

  @Test func `a position that is recorded comes back`() async throws {
    do {
      let sink = try directory.sink()
      #expect(sink.confirmed == nil)
      try await sink.deliver(try batch(1...2))
      try sink.record(confirmed: Confirmation(lsn: LSN(rawValue: 0x18)))
      sink.reopen()
      try await sink.deliver(try batch(3...3))
      sink.close()
    }
    let sink = try directory.sink()
    #expect(sink.confirmed?.lsn == LSN(rawValue: 0x18))
    #expect(sink.resumePosition == position(3))
  }

  @Test func `a file that somebody puts in the way of a rotation is left alone`() async throws {
    let sink = try directory.sink()
    try await sink.deliver(try batch(1...1))
    try directory.move("events", to: "moved")
    _ = try directory.write(Array("theirs".utf8), "events")
    sink.reopen()
    let next = try batch(2...2)
    let error = await #expect(throws: Failure.self) { try await sink.deliver(next) }
    #expect(error?.kind == .wrongStream)
    #expect(try directory.read("events") == Array("theirs".utf8))
  }

  @Test func `a standby is told that it may wait for the file`() throws {
    let first = try directory.sink()
    #expect(#expect(throws: Failure.self) { try directory.sink() }?.kind == .cannotCreate)
    #expect(#expect(throws: Failure.self) { try directory.sink { $0.waitsForLock = true } }?.kind == .outputHeld)
    first.close()
  }

  @Test(arguments: [1, 5, 20])
  func `closed in the midst of its rotations, it leaves a file and a state that agree`(rotations: Int) async throws {
    let limited: (inout FileSink.Configuration) -> Void = { $0.rotateSize = 1000 }
    let first = try directory.sink("events", limited)
    // Longer than any file that follows.
    try await first.deliver(try batch(1...1, payload: String(repeating: "y", count: 1000)))
    try first.record(confirmed: Confirmation(lsn: LSN(rawValue: 0x200)))
    first.close()
    let sink = try directory.sink("events", limited)
    for number in 1...3 as ClosedRange<UInt64> {
      sink.submit(try batch((number * 1000)...(number * 1000 + 999))) { _ in }
    }
    for _ in 0..<100_000 {
      if try directory.rotated("events").count >= rotations { break }
      await Task.yield()
    }
    sink.close()
    let newest = try #require(try directory.rotated("events").last?.dropFirst("events.".count))
    let state = String(decoding: try directory.read("events.state"), as: UTF8.self)
    #expect(state.contains("\nlast \(newest)\n"), "\(newest) \(state)")
    let written = try (directory.rotated("events") + ["events"]).flatMap { try directory.ids($0) }
    let next = try directory.sink("events", limited)
    #expect(next.repair == nil && next.resumePosition == position(UInt64(written.max() ?? 0)))
    #expect(written.sorted() == Array(Set(written)).sorted(), "none is doubled")
  }

  @Test func `a closed sink lets go of its file`() throws {
    let first = try directory.sink()
    #expect(throws: Failure.self) { try directory.sink() }
    first.close()
    #expect(throws: Never.self) { try directory.sink() }
  }

  @Test func `a restart resumes behind the last line`() async throws {
    do {
      let sink = try directory.sink()
      try await sink.deliver(try batch(1...3))
    }
    let sink = try directory.sink()
    #expect(sink.resumePosition == position(3))
    try await sink.deliver(try batch(4...4))
    #expect(try directory.ids("events") == [1, 2, 3, 4])
  }

  @Test(arguments: [1, 2, 10, 100])
  func `a torn last line is cut off`(left: Int) async throws {
    do {
      let sink = try directory.sink()
      try await sink.deliver(try batch(1...3))
    }
    let whole = try directory.read("events")
    let torn = try batch(4...4).bytes.prefix(left)
    _ = try directory.write(whole + torn, "events")
    let sink = try directory.sink()
    #expect(sink.resumePosition == position(3))
    #expect(try directory.read("events") == whole)
  }

  /// How each line begins.
  private var ours: [UInt8] { Array(#"{"specversion":"1.0","id":"7"#.utf8) }

  @Test func `a torn line longer than a block is cut off`() async throws {
    do {
      let sink = try directory.sink()
      try await sink.deliver(try batch(1...1, payload: String(repeating: "y", count: 200_000)))
    }
    let whole = try directory.read("events")
    _ = try directory.write(whole + ours + [UInt8](repeating: 0x78, count: 300_000), "events")
    #expect(try directory.sink().resumePosition == position(1))
    #expect(try directory.read("events") == whole)
  }

  @Test func `a file of nothing but a torn line is emptied`() throws {
    _ = try directory.sink()
    _ = try directory.write(ours, "events")
    #expect(try directory.sink().resumePosition == nil)
    #expect(try directory.read("events").isEmpty)
  }

  @Test(arguments: [
    identity("8", 1, "slot"),
    identity("7000000000000000001", 2, "slot"),
    identity("7000000000000000001", 1, "other"),
  ])
  func `another stream's file is refused`(other: StreamIdentity) async throws {
    do {
      let sink = try directory.sink()
      try await sink.deliver(try batch(1...1))
    }
    let before = try directory.read("events")
    let error = #expect(throws: Failure.self) { try directory.sink(of: other) }
    #expect(error?.kind == .wrongStream)
    #expect(error?.description.contains("belongs to slot slot") == true)
    #expect(try directory.read("events") == before)
  }

  @Test func `a file without state is refused unless it is empty`() throws {
    _ = try directory.write(Array("{}\n".utf8), "events")
    #expect(#expect(throws: Failure.self) { try directory.sink() }?.kind == .wrongStream)
    #expect(try directory.read("events") == Array("{}\n".utf8))
    _ = try directory.write([], "events")
    #expect(throws: Never.self) { try directory.sink() }
  }

  @Test(arguments: [
    "", "nonsense", "tailrace-file-sink 2\nsystem 1\ntimeline 1\nslot s\nstarted 1\n",
    "tailrace-file-sink 1\nsystem 1\ntimeline x\nslot s\nstarted 1\n",
    "tailrace-file-sink 1\nsystem 1\ntimeline 1\nslot s\nstarted 1\nlast 5\n",
  ])
  func `a damaged state is refused`(text: String) throws {
    _ = try directory.sink()
    _ = try directory.write(Array(text.utf8), "events.state")
    #expect(#expect(throws: Failure.self) { try directory.sink() }?.kind == .wrongStream)
  }

  @Test func `a last line that is no event is refused`() throws {
    _ = try directory.sink()
    _ = try directory.write(Array("{\"sequence\":\"5\"}\n".utf8), "events")
    #expect(#expect(throws: Failure.self) { try directory.sink() }?.kind == .wrongStream)
  }

  @Test func `a second writer is locked out`() async throws {
    let first = try directory.sink()
    #expect(#expect(throws: Failure.self) { try directory.sink() }?.kind == .cannotCreate)
    try await first.deliver(try batch(1...1))
    #expect(try directory.ids("events") == [1])
  }

  @Test func `a directory that is not there`() throws {
    #expect(#expect(throws: Failure.self) { try directory.sink("none/events") }?.kind == .cannotCreate)
  }

  @Test func `a full disk is a failed write`() async throws {
    let sink = try FileSink(FileSink.Configuration(path: "/dev/full"), of: stream)
    let batch = try batch(1...1)
    let error = await #expect(throws: Failure.self) { try await sink.deliver(batch) }
    #expect(error?.kind == .writeFailed)
    #expect(error?.description.contains("make room") == true)
    let next = await #expect(throws: Failure.self) { try await sink.deliver(batch) }
    #expect(next == error, "after a failure nothing later may become durable")
  }

  @Test func `a file that was deleted is noticed`() async throws {
    let sink = try directory.sink()
    try await sink.deliver(try batch(1...1))
    try directory.remove("events")
    let batch = try batch(2...2)
    let error = await #expect(throws: Failure.self) { try await sink.deliver(batch) }
    #expect(error?.kind == .writeFailed)
  }

  @Test func `payload lines carry no position to resume from`() async throws {
    do {
      let sink = try directory.sink { $0.linesHaveSequence = false }
      try await sink.deliver(try batch(1...2))
    }
    let sink = try directory.sink { $0.linesHaveSequence = false }
    #expect(sink.resumePosition == nil)
    try await sink.deliver(try batch(3...3))
    #expect(try directory.ids("events") == [1, 2, 3])
  }

  @Test func `an interrupted change of the state leaves the old one`() throws {
    _ = try directory.sink()
    _ = try directory.write(Array("half".utf8), "events.state.new")
    #expect(throws: Never.self) { try directory.sink() }
  }
}

@Suite struct RotationTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// The ids in all files, in the order of their names, the current one last.
  private func allIDs() throws -> [Int] {
    try (try directory.rotated("events") + ["events"]).flatMap { try directory.ids($0) }
  }

  @Test(arguments: [1, 150, 400, 1000, 5000])
  func `no file exceeds the size, and nothing is lost or doubled`(limit: Int64) async throws {
    let sink = try directory.sink { $0.rotateSize = limit }
    let line = try batch(1...1).bytes.count
    var number: UInt64 = 1
    for count in [1, 30, 2, 1, 50, 7] as [UInt64] {
      try await sink.deliver(try batch(number...(number + count - 1)))
      number += count
    }
    #expect(try allIDs() == Array(1...91))
    let rotated = try directory.rotated("events")
    #expect(rotated.count >= 91 * line / max(Int(limit), line + 1) - 1)
    for name in rotated + ["events"] {
      let size = try directory.size(name)
      let isOneLine = try directory.ids(name).count <= 1
      #expect(size <= Int(limit) || isOneLine, "\(name) has \(size) bytes")
    }
  }

  @Test func `a file is named after its last event`() async throws {
    let sink = try directory.sink { $0.rotateSize = 1 }
    try await sink.deliver(try batch(1...3))
    #expect(
      try directory.rotated("events") == ["events.\(position(1).sequence)", "events.\(position(2).sequence)"])
  }

  @Test func `files that are begun are readable by whom the mode says, and one with lines stays as it is`() async throws
  {
    func mode(_ name: String) throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: directory.file(name))[.posixPermissions] as? Int
    }
    let sink = try directory.sink { ($0.mode, $0.rotateSize) = (0o644, 1) }
    try await sink.deliver(try batch(1...3))
    sink.close()
    #expect(try (directory.rotated("events") + ["events"]).map(mode) == [0o644, 0o644, 0o644])
    #expect(try mode("events.state") == 0o600)
    let again = try directory.sink { $0.mode = 0o640 }
    again.close()
    #expect(try mode("events") == 0o644, "whoever reads it goes on")
  }

  @Test func `an old file is rotated before the next batch`() async throws {
    let sink = try directory.sink { $0.rotateInterval = 1 }
    try await sink.deliver(try batch(1...1))
    try await Task.sleep(for: .milliseconds(2100))
    try await sink.deliver(try batch(2...2))
    #expect(try directory.rotated("events").count == 1)
    #expect(try directory.ids("events") == [2])
    #expect(try allIDs() == [1, 2])
  }

  @Test func `an empty file is not rotated, however old`() async throws {
    let sink = try directory.sink { $0.rotateInterval = 1 }
    try await Task.sleep(for: .milliseconds(2100))
    try await sink.deliver(try batch(1...1))
    #expect(try directory.rotated("events").isEmpty)
  }

  @Test func `reopening renames the file`() async throws {
    let sink = try directory.sink()
    try await sink.deliver(try batch(1...2))
    sink.reopen()
    try await sink.deliver(try batch(3...3))
    #expect(try directory.ids("events.\(position(2).sequence)") == [1, 2])
    #expect(try directory.ids("events") == [3])
  }

  @Test func `reopening after the file was moved away starts a new one`() async throws {
    let sink = try directory.sink()
    try await sink.deliver(try batch(1...2))
    try directory.move("events", to: "moved")
    try await sink.deliver(try batch(3...3))
    #expect(try directory.ids("moved") == [1, 2, 3], "until it is told, the sink follows the file")
    sink.reopen()
    try await sink.deliver(try batch(4...4))
    #expect(try directory.ids("moved") == [1, 2, 3])
    #expect(try directory.ids("events") == [4])
    #expect(try directory.rotated("events").isEmpty)
  }

  @Test func `an empty file that was moved away is let go too`() async throws {
    let sink = try directory.sink()
    try directory.move("events", to: "moved")
    sink.reopen()
    try await sink.deliver(try batch(1...1))
    #expect(try directory.ids("events") == [1])
    #expect(try directory.ids("moved") == [])
  }

  @Test func `reopening an empty file changes nothing`() async throws {
    let sink = try directory.sink()
    sink.reopen()
    try await sink.deliver(try batch(1...1))
    #expect(try directory.rotated("events").isEmpty)
    #expect(try directory.ids("events") == [1])
  }

  @Test func `after a rotation an empty file still resumes`() async throws {
    do {
      let sink = try directory.sink()
      try await sink.deliver(try batch(1...2))
      sink.reopen()
      try await sink.deliver(try batch(3...3))
    }
    _ = try directory.write([], "events")
    #expect(try directory.sink().resumePosition == position(2))
    try directory.remove("events")
    #expect(try directory.sink().resumePosition == position(2), "as after a crash between renaming and creating")
  }

  @Test func `a rotated file's name that is taken is not overwritten`() async throws {
    let taken = "events.\(position(1).sequence)"
    _ = try directory.write(Array("mine".utf8), taken)
    let sink = try directory.sink()
    try await sink.deliver(try batch(1...1))
    sink.reopen()
    try await sink.deliver(try batch(2...2))
    #expect(try directory.read(taken) == Array("mine".utf8))
    #expect(try directory.ids("\(taken).1") == [1])
  }

  @Test func `a new file is locked as the first was`() async throws {
    let sink = try directory.sink { $0.rotateSize = 1 }
    try await sink.deliver(try batch(1...3))
    #expect(#expect(throws: Failure.self) { try directory.sink() }?.kind == .cannotCreate)
    try await sink.deliver(try batch(4...4))
  }
}
