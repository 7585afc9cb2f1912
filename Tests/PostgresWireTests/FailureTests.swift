// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@Suite struct FailureTests {
  @Test func `a failure is one line with place, code and advice`() {
    let failure = Failure(
      .slotInUse, "first\nsecond\r\nthird", advice: "wait", sqlState: "55006", lsn: LSN(rawValue: 0x16_B374_D848))
    #expect(failure.description == "LSN 16/B374D848: first second third (SQLSTATE 55006); wait")
    #expect(!failure.isRetryable)
    #expect(Failure(.connection, "plain").description == "plain")
    #expect(Failure(.connection, "plain").isRetryable)
  }

  @Test func `without advice of its own it has its kind's`() {
    #expect(Failure(.database, "no").advice == "check the database name")
    #expect(Failure(.database, "no", advice: "look").advice == "look")
  }

  @Test func `settings and commands are shown as somebody writes them`() {
    let advice: Wording =
      "go on with \(setting: "on-poison", "dead-letter") or \(command: "setup", [.init("slot", "a"), .init("dry-run")])"
    #expect(advice.description == "go on with on-poison: dead-letter or setup (slot: a, dry-run)")
    let flags = advice.text(setting: { "--\($0.name)" }) { name, settings in "run \(name) with \(settings.count)" }
    #expect(flags == "go on with --on-poison or run setup with 2")
  }

  @Test func `words can be put together`() {
    let inner: Wording = "see \(setting: "streaming")"
    #expect(("a " + inner + " \(inner)" as Wording).description == "a see streaming see streaming")
  }

  @Test func `a failure in other words keeps its settings`() {
    let failure = Failure(
      .row, "bad", advice: "say \(setting: "on-poison", "stop")", sqlState: "22P05", lsn: LSN(rawValue: 1))
    let words: Wording = "\(failure); trying again"
    let flags = words.text(setting: { "--\($0.name)" }) { name, _ in name }
    #expect(flags == "LSN 0/1: bad (SQLSTATE 22P05); say --on-poison; trying again")
  }

  @Test(arguments: FailureKind.allCases)
  func `every kind has a section and a code of sysexits, and only what is unavailable or unclear is tried again`(
    kind: FailureKind
  ) {
    #expect(!kind.section.isEmpty)
    #expect([0, 64, 65, 69, 70, 73, 74, 77, 78].contains(kind.exitCode))
    #expect((kind.exitCode == 0) == (kind == .readerGone))
    if kind.isRetryable { #expect([65, 69].contains(kind.exitCode)) }
  }

  @Test func `a setting is named by its path`() {
    #expect(Failure.setting("sink.http.batch-size", "too large").description == "sink.http.batch-size: too large")
  }
}
