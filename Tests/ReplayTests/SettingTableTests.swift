// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import TestStream
import Testing

@testable import tailrace

/// The one table of all that can be set, against flags and manual.
@Suite struct SettingTableTests {
  /// The options that a command's help has.
  private static func flags(of command: String) -> Set<String> {
    let help = Tailrace.helpMessage(
      for: CommandLineErrors.command([command], root: Tailrace.self).command, columns: 1000)
    return Set(
      help.split(separator: "\n").compactMap { line in
        line.firstMatch(of: #/^\s+(?:-\w, )?(--[a-z0-9-]+)( |$)/#).map { String($0.output.1) }
      }
    ).subtracting(["--help", "--version"])
  }

  @Test func `every flag of stream has a key, and every key a flag`() {
    let keys = SettingTable.keys.map(\.flag)
    #expect(Set(keys) == Self.flags(of: "stream") && keys.count == Set(keys).count)
    #expect(keys.count > 60 && SettingTable.keys.allSatisfy { !$0.help.isEmpty })
    #expect(Set(SettingTable.keys.map(\.variable)).count == keys.count)
  }

  @Test(arguments: ["doctor", "peek"]) func `whoever looks at a stream takes every option of it`(command: String) {
    #expect(Self.flags(of: "stream").subtracting(Self.flags(of: command)).isEmpty)
  }

  @Test func `kinds, defaults and lists are those of the flags`() throws {
    let names = SettingTable.byName
    #expect(names["table"]?.isRepeatable == true && names["sink"]?.isRepeatable == false)
    #expect(names["batch-size"]?.kind == .number && names["batch-size"]?.standard == "100")
    #expect(names["batch-bytes"]?.kind == .size && names["drain-timeout"]?.kind == .duration)
    #expect(names["max-age"]?.kind == .duration && names["max-attempts"]?.kind == .number)
    #expect(names["gzip"]?.kind == .truth && names["on-poison"]?.kind == .choice(["stop", "dead-letter"]))
    #expect(names["database"]?.variable == "TAILRACE_DATABASE")
  }

  @Test func `the page Configuration has a row for every key, as the table makes it, and no other`() throws {
    let page = FixtureFiles.directory.deletingLastPathComponent().appending(
      path: "Sources/tailrace/Manual.docc/Configuration.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let rows = KeyTable.lines.filter { $0.hasPrefix("| `") }
    let written = text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("| `") }
    #expect(written == rows, "tailrace config keys prints them")
  }
}
