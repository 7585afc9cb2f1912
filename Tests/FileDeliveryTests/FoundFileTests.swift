// SPDX-License-Identifier: Apache-2.0

import Delivery
import FileDelivery
import Foundation
import IntegrationEvents
import PostgresWire
import TestDelivery
import TestStream
import Testing

/// Files that are found otherwise than they were left.
@Suite struct FoundFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func payload(_ configuration: inout FileSink.Configuration) { configuration.linesHaveSequence = false }

  /// Delivers, confirms, and ends.
  private func fill(_ numbers: ClosedRange<UInt64>, _ change: (inout FileSink.Configuration) -> Void = { _ in })
    async throws
  {
    let sink = try directory.sink("events", change)
    try await sink.deliver(try batch(numbers))
    try sink.record(confirmed: Confirmation(lsn: LSN(rawValue: numbers.upperBound << 8)))
    sink.close()
  }

  private func refusal(_ change: (inout FileSink.Configuration) -> Void = { _ in }) throws -> Failure {
    let before = try? directory.read("events")
    let error = #expect(throws: Failure.self) { try directory.sink("events", change) }
    let found = try? directory.read("events")
    #expect(found == before || before == nil && found == [], "it is left as it is")
    let failure = try #require(error)
    #expect(failure.kind == .wrongStream)
    return failure
  }

  @Test(arguments: [false, true])
  func `a last line that lacks only its newline gets one and does not come again`(isPayload: Bool) async throws {
    let change = isPayload ? payload : { _ in }
    try await fill(1...3, change)
    let whole = try directory.read("events")
    _ = try directory.write(whole.dropLast(), "events")
    let sink = try directory.sink("events", change)
    #expect(try directory.read("events") == whole)
    #expect(sink.resumePosition == position(3))
    #expect(sink.repair?.description.contains("no newline") == true)
  }

  @Test func `an event behind the confirmed ones that lacks only its newline counts`() async throws {
    try await fill(1...2)
    let confirmed = try directory.read("events")
    let sink = try directory.sink()
    try await sink.deliver(try batch(3...3))
    sink.close()
    let whole = try directory.read("events")
    #expect(whole.count > confirmed.count)
    _ = try directory.write(whole.dropLast(), "events")
    #expect(try directory.sink().resumePosition == position(3))
    #expect(try directory.read("events") == whole)
  }

  @Test func `what is cut off is told`() async throws {
    try await fill(1...1)
    let whole = try directory.read("events")
    _ = try directory.write(whole + Array(#"{"specversion":"1.0","id""#.utf8), "events")
    let sink = try directory.sink()
    #expect(sink.repair?.description.contains("cut off 25 bytes") == true, "\(String(describing: sink.repair))")
    #expect(try directory.read("events") == whole)
  }

  @Test(arguments: ["note to self", "{\"a\":1}", " {\"specversion\":\"1.0\",\"id\":\"7", "\u{0}"])
  func `text of somebody else at the end is left alone`(text: String) async throws {
    _ = try directory.sink()
    _ = try directory.write(Array(text.utf8), "events")
    _ = try refusal()
    try directory.remove("events")
    try directory.remove("events.state")
    try await fill(1...2)
    _ = try directory.write(try directory.read("events") + Array(text.utf8), "events")
    _ = try refusal()
  }

  @Test(arguments: [false, true])
  func `an older copy and a shorter one are refused, and one that is gone is told of`(isPayload: Bool) async throws {
    let change = isPayload ? payload : { _ in }
    try await fill(1...3, change)
    let older = try directory.read("events")
    try await fill(4...6, change)
    let whole = try directory.read("events")
    for content in [older, Array(older.dropLast(3))] {
      _ = try directory.write(content, "events")
      #expect(try refusal(change).description.contains("\(whole.count) bytes"))
    }
    // As the advice says.
    _ = try directory.write(whole, "events")
    try directory.sink("events", change).close()
    try directory.move("events", to: "kept")
    try directory.move("events.state", to: "kept.state")
    try directory.sink("events", change).close()
    // Whoever moves it alone has it.
    try directory.remove("events")
    try directory.remove("events.state")
    try directory.move("kept", to: "events")
    try directory.move("kept.state", to: "events.state")
    try directory.move("events", to: "events.1")
    let next = try directory.sink("events", change)
    #expect(next.repair?.description.contains("not there any more, though \(whole.count) bytes") == true)
    #expect(next.resumePosition == position(6))
    try await next.deliver(try batch(7...7))
    try next.record(confirmed: Confirmation(lsn: LSN(rawValue: 0x700)))
    next.close()
    #expect(try directory.sink("events", change).repair == nil)
    #expect(try directory.ids(in: directory.read("events")) == [7])
  }

  @Test func `a new file is begun as soon as that is asked for, so that the old one may go`() async throws {
    let sink = try directory.sink()
    try await sink.deliver(try batch(1...3))
    try directory.move("events", to: "events.1")
    sink.reopen()
    for _ in 0..<1000 where !FileManager.default.fileExists(atPath: directory.file("events")) {
      try await Task.sleep(for: .milliseconds(10))
    }
    try directory.remove("events.1")
    try await sink.deliver(try batch(4...4))
    #expect(try directory.ids(in: directory.read("events")) == [4])
  }

  @Test func `through a link, the file that it leads to is rotated`() async throws {
    try FileManager.default.createDirectory(atPath: directory.file("disk"), withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("events"), withDestinationPath: directory.file("disk/real"))
    let sink = try directory.sink()
    try await sink.deliver(try batch(1...3))
    sink.reopen()
    try await sink.deliver(try batch(4...4))
    sink.close()
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.file("disk")).sorted()
    #expect(names.count == 2 && names[0] == "real" && names[1].hasPrefix("real."), "\(names)")
    #expect(try directory.ids(in: directory.read("events")) == [4])
  }

  @Test func `what somebody else writes into the file is found before anything behind it is confirmed, and stays`()
    async throws
  {
    let sink = try directory.sink()
    try await sink.deliver(try batch(1...3))
    let before = try directory.read("events")
    _ = try directory.write(before + Array("note\n".utf8), "events")
    let error = await #expect(throws: Failure.self) { try await sink.deliver(try batch(4...4)) }
    #expect(error?.description.contains("somebody else") == true, "\(String(describing: error))")
    sink.close()
    #expect(try directory.read("events").starts(with: before + Array("note\n".utf8)))
  }

  @Test func `a file of another time is refused although it is longer`() async throws {
    try await fill(1...9)
    let older = try directory.read("events")
    let sink = try directory.sink()
    sink.reopen()
    try await sink.deliver(try batch(10...10))
    try sink.record(confirmed: Confirmation(lsn: LSN(rawValue: 0xA00)))
    sink.close()
    _ = try directory.write(older, "events")
    // What was rotated away is known, but not what came behind it.
    _ = try refusal()
  }

  @Test(arguments: ["cut", "deleted"])
  func `a file that somebody takes away while it is written to ends the delivery, and says so`(way: String) async throws
  {
    let sink = try directory.sink()
    try await sink.deliver(try batch(1...3))
    if way == "cut" { _ = try directory.write([], "events") } else { try directory.remove("events") }
    let error = await #expect(throws: Failure.self) { try await sink.deliver(try batch(4...4)) }
    #expect(error?.kind == .writeFailed)
    #expect(error?.description.contains(way) == true, "\(String(describing: error))")
    sink.close()
    if way == "cut" { #expect(try !directory.read("events").contains(0), "it is not filled up") }
  }

  @Test func `states of earlier versions are read, and files of any length go with them`() async throws {
    try await fill(1...3)
    let state = String(decoding: try directory.read("events.state"), as: UTF8.self)
    let earlier = state.split(separator: "\n").filter { !$0.hasPrefix("size") && !$0.hasPrefix("newest") }
    _ = try directory.write(Array((earlier.joined(separator: "\n") + "\n").utf8), "events.state")
    _ = try directory.write(directory.read("events").dropLast(0), "events")
    #expect(try directory.sink().resumePosition == position(3))
  }
}
