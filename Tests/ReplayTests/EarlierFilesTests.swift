// SPDX-License-Identifier: Apache-2.0

import Capture
import Delivery
import FileDelivery
import Foundation
import IntegrationEvents
import PostgresWire
import TestStream
import Testing

@testable import Relay

/// Files that version 0.1 wrote.
@Suite struct EarlierFilesTests {
  private static let identity = StreamIdentity(
    systemIdentifier: "7712649207791645095", timeline: 1, database: "postgres", slot: "orders", publication: "orders")
  private static let files = FixtureFiles.directory.appending(path: "files-0.1")

  private func copy(_ directory: TemporaryDirectory, _ names: String...) throws {
    for name in names {
      let bytes = Array(try Data(contentsOf: Self.files.appending(path: name)))
      _ = try directory.write(bytes, name)
    }
  }

  @Test func `a checkpoint is gone on from`() throws {
    let directory = try TemporaryDirectory()
    try copy(directory, "checkpoint")
    var checkpoint = try Checkpoint(path: directory.file("checkpoint"))
    let position = try #require(LSN("0/152B1A8"))
    #expect(checkpoint.resume?.lsn == position)
    try checkpoint.check(Self.identity)
    try checkpoint.write(Confirmation(lsn: LSN(rawValue: position.rawValue + 8)), OutboxTables(), of: Self.identity)
    #expect(try Checkpoint(path: directory.file("checkpoint")).resume?.lsn == LSN(rawValue: position.rawValue + 8))
  }

  @Test func `an output file is resumed behind its last line`() throws {
    let directory = try TemporaryDirectory()
    try copy(directory, "events.ndjson", "events.ndjson.state")
    let sink = try FileSink(FileSink.Configuration(path: directory.file("events.ndjson")), of: Self.identity)
    #expect(sink.resumePosition?.sequence == "000000000152B178-0000000002")
    sink.close()
    var other = Self.identity
    other.slot = "other"
    #expect(throws: Failure.self) {
      try FileSink(FileSink.Configuration(path: directory.file("events.ndjson")), of: other)
    }
  }

  @Test func `letters are read, with their rows and events`() throws {
    let directory = try TemporaryDirectory()
    try copy(directory, "letters.ndjson")
    let store = DeadLetterFile(path: directory.file("letters.ndjson"))
    let letters = try store.letters(matching: LetterQuery(), after: nil, limit: 100).letters
    #expect(letters.count == 5)
    #expect(letters.count { !$0.isEvent } == 2)
    let third = try #require(letters.first { $0.key == "3" })
    #expect(third.status == 422 && !third.type.isEmpty)
    #expect(letters.map(\.position) == letters.map(\.position).sorted())
    #expect(
      try store.letters(matching: LetterQuery(key: "2"), after: nil, limit: 1).letters.first?.id.hasSuffix("2") == true)
  }

  @Test func `a recording is played`() throws {
    var reader = try CaptureReader(path: Self.files.appending(path: "recording.walcap").path)
    #expect(reader.identity.slot == "orders2")
    var frames = 0
    while try reader.receive({ (_) in
      frames += 1
      return .more
    }) != .ended {}
    #expect(frames > 5)
  }
}
