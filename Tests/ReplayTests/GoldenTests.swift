// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Capture
import Delivery
import Foundation
import IntegrationEvents
import OutboxMapping
import PgOutput
import PostgresWire
import Settings
import TestStream
import Testing

@testable import Relay
@testable import tailrace

/// A recorded scenario and what is to come of it.
struct Recording: Sendable, CustomTestStringConvertible {
  let version: String
  let name: String

  var testDescription: String { "\(version)/\(name)" }

  static let all: [Recording] =
    ((try? FixtureFiles.versions.flatMap { version in
      try FixtureFiles.scenarios(version).map { Recording(version: version, name: $0) }
    }) ?? [])

  var dump: String { path("dump").path }

  func expected(_ kind: String) throws -> String { try String(contentsOf: path(kind), encoding: .utf8) }

  /// The options of the scenario's lines `-- replay: …`, each the options of one replay.
  func replays() throws -> [String] {
    let scenario = FixtureFiles.directory.appending(path: "scenarios/\(name).sql")
    let lines = try String(contentsOf: scenario, encoding: .utf8).split(separator: "\n")
    let replays = lines.filter { $0.hasPrefix("-- replay: ") }.map { String($0.dropFirst(11)) }
    return replays.isEmpty ? [""] : replays
  }

  /// What `tailrace replay` would write for each of the scenario's replays.
  func events() throws -> String {
    let replays = try replays()
    var text = ""
    for replay in replays {
      if replays.count > 1 { text += "# \(replay)\n" }
      text += try events(OutboxOptions.parse(replay.split(separator: " ").map(String.init)))
    }
    return text
  }

  private func events(_ options: OutboxOptions) throws -> String {
    var reader = try CaptureReader(path: dump)
    var configuration = try options.settings().configuration()
    configuration.database = reader.identity.database
    configuration.systemIdentifier = reader.identity.systemIdentifier
    var pipeline = Pipeline(EventMapper(configuration), EnvelopeEncoder(envelope: options.envelope))
    while pipeline.failure == nil, try reader.receive({ pipeline.consume($0) }) != .ended {
      while pipeline.failure == nil, pipeline.isReleasing { pipeline.release() }
    }
    if pipeline.failure != nil { pipeline.dropIncomplete() }
    let lines = String(decoding: pipeline.takeBatch().bytes, as: UTF8.self)
    return lines + (pipeline.failure.map { "tailrace: error: \($0.text(Flags.text))\n" } ?? "")
  }

  /// What `tailrace inspect` writes.
  func messages() throws -> String {
    var text = ""
    try Inspection.run(dump) { text += MessageDescription.text($0, $1, $2, &$3) + "\n" }
    return text
  }

  private func path(_ kind: String) -> URL { FixtureFiles.directory.appending(path: "\(version)/\(name).\(kind)") }
}

/// Everything but the times, positions and identifiers made from positions, which differ from run to run.
private func stable(_ events: String) -> String {
  events.replacing(/"time":"[^"]*","sequence":"[^"]*"|LSN [0-9A-F]+\/[0-9A-F]+|"id":"0-[0-9A-F]{16}"/, with: "")
}

@Suite struct GoldenTests {
  /// Compares line by line, so that a failure shows one line and not a file.
  private func compare(_ found: String, _ expected: String) {
    let found = found.split(separator: "\n", omittingEmptySubsequences: false)
    let expected = expected.split(separator: "\n", omittingEmptySubsequences: false)
    if let number = zip(found, expected).enumerated().first(where: { $1.0 != $1.1 })?.offset {
      #expect(found[number] == expected[number], "line \(number + 1)")
    }
    #expect(found.count == expected.count)
  }

  @Test func `there are recordings of both versions`() {
    #expect(Recording.all.count { $0.version == "pg15" } >= 15)
    #expect(Recording.all.count { $0.version == "pg18" } >= 17)
  }

  @Test(arguments: Recording.all)
  func `events are as expected`(recording: Recording) throws {
    compare(try recording.events(), try recording.expected("events"))
  }

  @Test(arguments: Recording.all)
  func `messages are as expected`(recording: Recording) throws {
    compare(try recording.messages(), try recording.expected("messages"))
  }

  @Test(arguments: Recording.all.filter { $0.version == "pg15" })
  func `both versions give the same events`(recording: Recording) throws {
    let other = Recording(version: "pg18", name: recording.name)
    compare(stable(try recording.events()), stable(try other.events()))
  }

  @Test(arguments: FixtureFiles.versions, [("binary", "column-types"), ("domains-binary", "domains")])
  func `binary and text columns give the same events`(version: String, names: (binary: String, text: String)) throws {
    let binary = try Recording(version: version, name: names.binary).events()
    let text = try Recording(version: version, name: names.text).events()
    compare(stable(binary), stable(text))
  }

  @Test func `however a transaction is streamed, its events are the same`() throws {
    let streamed = try Recording(version: "pg18", name: "streaming").events()
    let parallel = try Recording(version: "pg18", name: "streaming-parallel").events()
    compare(stable(streamed), stable(parallel))
  }

  @Test(arguments: Recording.all)
  func `nothing that was rolled back is an event, and sequences rise`(recording: Recording) throws {
    let events = try recording.events()
    #expect(!events.contains("RolledBack"))
    var last = ""
    for line in events.split(separator: "\n") {
      if line.hasPrefix("# ") { last = "" }
      guard let match = line.firstMatch(of: /"sequence":"([^"]*)"/) else { continue }
      let sequence = String(match.output.1)
      #expect(sequence > last)
      last = sequence
    }
  }

  @Test(arguments: Recording.all)
  func `every event is JSON with the required attributes`(recording: Recording) throws {
    for line in try recording.events().split(separator: "\n") where line.hasPrefix("{") {
      // Foundation cannot hold this number, which JSON allows.
      if line.contains("1e400") { continue }
      let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      for name in ["specversion", "id", "source", "type", "time", "sequence"] {
        #expect((event?[name] as? String)?.isEmpty == false, "\(name)")
      }
    }
  }
}
