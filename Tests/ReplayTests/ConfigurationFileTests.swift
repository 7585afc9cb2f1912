// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import PostgresClient
import Settings
import Supervision
import TestStream
import Testing

@testable import tailrace

/// Configuration files: what is wrong is said with its place, all at once, before anything is opened.
@Suite struct ConfigurationFileTests {
  private let files: TemporaryDirectory

  init() throws { files = try TemporaryDirectory() }

  private func path(_ text: String) throws -> String { try files.write(Array(text.utf8), "t.yaml") }

  /// The mistakes in a file, without its name.
  private func mistakes(_ text: String, flags: [String] = []) throws -> [String] {
    let file = try path(text)
    do {
      _ = try ConfiguredProcess(file, flags: flags)
      return []
    } catch let mistakes as Mistakes {
      #expect(mistakes.exitCode == 78)
      return mistakes.lines.map { $0.replacing("\(file):", with: "") }
    }
  }

  private static let two = """
    relays:
      a: {database: "host=h", publication: p, slot: a, sink: "file:/nowhere/a"}
      b: {database: "host=h", publication: p, slot: b, sink: "file:/nowhere/b"}

    """

  @Test func `all mistakes are said at once, each with line and column, and the nearest name`() throws {
    let found = try mistakes(
      """
      admn: 127.0.0.1:1
      relays:
        orders:
          databse: host=h
          publication: p
          slot: Orders
          sink: https://r/
          batch-size: many
          http-mode: btach
          batch-linger: 5
          table: outbox
          gzip: 1
          quiet: true
          source: true
      """)
    #expect(
      found == [
        "1:1: there is no key 'admn' here; did you mean 'admin'?",
        "4:5: there is no key 'databse' here; did you mean 'database'?",
        "6:5: slot: a slot's name has 1 to 63 lower-case letters, digits and underscores",
        "8:5: batch-size: 'many' is no whole number", "9:5: http-mode: 'btach' is none of structured, binary, batch",
        "10:5: batch-linger: '5' is no duration such as 250ms, 30s or 1h",
        "11:12: table: a list is wanted, such as [schema.name]", "12:11: gzip: it is true or false",
        "13:5: quiet: it is said of the process, at the top of the file, not of a relay",
        "14:13: source: put 'true' in quotes, if it is meant",
      ])
  }

  @Test(arguments: [
    ("batch-size: 0", "batch-size: from 1 to 100000"), ("gzip: true", "gzip: needs sink https://…"),
    ("sink: ftp://x", "sink: it is not stdout"), ("park-key: true", "park-key: needs dead-letters"),
    (
      #"park-key: true, on-poison: dead-letter, dead-letters: "file:l", sink: "file:e""#, "park-key: needs a receiver"
    ),
    ("column: [idd=x]", "column: 'idd' is no role"), ("read-pacing: 1s", "read-pacing: '1s' cannot be a pacing"),
    ("streaming: maybe", "streaming: 'maybe' is none of auto, on, off"), ("until: soon", "until: 'soon' cannot be"),
    ("database: \"host=h password=geheim\"", "password-file"),
    ("database: \"postgres://u:geheim@h/d\"", "password-file"),
    ("sink: \"https://u:geheim@h/\"", "basic-auth-file"), ("password-command: \"a 'geheim\"", "quote"),
    ("bearer-token-file: /nowhere/token", "bearer-token-file"),
    ("on-failure: again", "on-failure: it is restart or stop"),
  ])
  func `a value that cannot be used is told where it stands, and no secret with it`(line: String, words: String) throws
  {
    let http = line.hasPrefix("batch") ? "sink: https://r/, http-mode: batch, " : ""
    let found = try mistakes("relays:\n  r: {publication: p, slot: s, \(http)\n    \(line)}\n")
    #expect(found.count == 1 && found[0].hasPrefix("3:") && found[0].contains(words), "\(found)")
    #expect(!found.joined().contains("geheim"))
  }

  @Test func `what is missing is told at the relay's name, and defaults count where it says nothing`() throws {
    #expect(
      try mistakes("relays:\n  r: {sink: stdout}\n") == ["2:3: 'publication' is missing", "2:3: 'slot' is missing"])
    #expect(try mistakes("defaults: {publication: p, slot: s}\nrelays:\n  r: {}\n").isEmpty)
    #expect(try mistakes("defaults: {batch-size: x}\n\(Self.two)") == ["1:12: batch-size: 'x' is no whole number"])
    #expect(try mistakes("relays: {}\n").count == 1 && mistakes("a").count == 1)
    #expect(
      try mistakes("relays: {\"b b\": {publication: p, slot: s}}\n").first?.hasPrefix("1:10: a relay's name") == true)
  }

  @Test func `two relays on one slot, output, checkpoint or file of letters are refused, also by other names`() throws {
    #expect(try mistakes(Self.two).isEmpty)
    #expect(
      try mistakes(Self.two.replacing("slot: b", with: "slot: a")).first?.hasPrefix("3:43: slot: relay a") == true)
    let local = Self.two.replacing("slot: b", with: "slot: a")
    #expect(try mistakes(local.replacing("a: {database: \"host=h\"", with: "a: {database: \"host=i\"")).isEmpty)
    let names = local.replacing("a: {database: \"host=h\"", with: "a: {database: \"host=localhost\"")
      .replacing("b: {database: \"host=h\"", with: "b: {database: \"postgresql://127.0.0.1:5432/d\"")
    #expect(try mistakes(names).count == 1)
    #expect(try mistakes(Self.two.replacing("nowhere/b", with: "nowhere/../nowhere/a.state")).isEmpty)
    #expect(
      try mistakes(Self.two.replacing("/nowhere/b", with: "/nowhere/a")).first?.contains("sink: relay a has that")
        == true)
    #expect(try mistakes(Self.two.replacing("\"file:/nowhere/b\"", with: "stdout, checkpoint: /nowhere/a")).count == 1)
    let letters = "sink: stdout, on-poison: dead-letter, dead-letters: \"file:/nowhere/l\""
    let both = "sink: \"https://r/\", on-poison: dead-letter, dead-letters: \"file:/nowhere/l\""
    let text = Self.two.replacing("sink: \"file:/nowhere/a\"", with: letters)
      .replacing("sink: \"file:/nowhere/b\"", with: both)
    #expect(try mistakes(text).first?.contains("file of dead letters") == true)
  }

  @Test func `with several relays, flags and the environment say nothing of a single one`() throws {
    let file = try path(Self.two)
    #expect(throws: ValidationError.self) { _ = try ConfiguredProcess(file, flags: ["--slot", "x"]) }
    #expect(
      try ConfiguredProcess(file, flags: ["--log-level", "debug"]).relays.map(\.onFailure) == [.restart, .restart])
    #expect(throws: ValidationError.self) { _ = try ConfiguredProcess(file, flags: ["--slt=x"]) }
    #expect(throws: ValidationError.self) { _ = try ConfiguredProcess(file, flags: ["--log-level"]) }
  }

  @Test func `what is in force is shown with where it comes from, and can be read again`() throws {
    let text =
      "relays:\n  r: {publication: p, slot: s, sink: \"https://h/x?key=geheim\", table: [a.b, '\"C\".d'],\n"
      + "    password-command: \"print geheim\", database: \"host=h dbname=d\", retry-status: 409}\n"
    let configured = try ConfiguredProcess(try path(text), flags: ["--drain-timeout", "7s"])
    let shown = ShownConfiguration.text(configured)
    let file = files.file("t.yaml")
    for line in [
      "    slot: s  # \(file):2:23", "    drain-timeout: 7s  # flag", "    # batch-size: 100  # default",
      "    retry-status: 409  # \(file):3:68", "    # on-failure: stop  # default",
      "    password-command: \"…\"  # \(file):3:5",
    ] { #expect(shown.split(separator: "\n").contains(Substring(line)), "\(line)\n\(shown)") }
    #expect(!shown.contains("geheim"))
    let again = try ConfiguredProcess(try path(shown))
    #expect(again.relays.first?.settings.outbox == configured.relays.first?.settings.outbox)
  }

  @Test func `a password's command is taken apart as it is written, and no shell runs it`() throws {
    let cases: [(String, [String])] = [
      ("aws rds token --host x", ["aws", "rds", "token", "--host", "x"]),
      ("a 'b c' \"d \\\" e\"", ["a", "b c", "d \" e"]),
      ("a $HOME;b|c", ["a", "$HOME;b|c"]), ("a ''", ["a", ""]), ("  a\\ b ", ["a b"]),
    ]
    for (command, words) in cases { #expect(PasswordSource.words(of: command) == words) }
    for command in ["", " ", "'a", "a \"", "a \\", "'' b"] {
      #expect(PasswordSource.words(of: command) == nil, "\(command)")
    }
  }
}
