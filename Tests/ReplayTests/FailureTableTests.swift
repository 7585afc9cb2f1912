// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import PostgresWire
import TestStream
import Testing

@testable import tailrace

/// The table of failures against what README, `--help` and manual say of them.
@Suite struct FailureTableTests {
  private static let root = FixtureFiles.directory.deletingLastPathComponent()

  private func page(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
  }

  private let codes = Set(FailureKind.allCases.map(\.exitCode))

  @Test(arguments: FailureKind.allCases)
  func `the manual has a row for each kind, in its section`(kind: FailureKind) throws {
    let manual = try page("Sources/tailrace/Manual.docc/Troubleshooting.md")
    let sections = manual.components(separatedBy: "\n## ")
    let section = try #require(sections.first { $0.hasPrefix(kind.section + "\n") })
    #expect(section.contains("| `\(kind)` | \(kind.exitCode) | \(kind.isRetryable ? "yes" : "no") | "))
  }

  @Test func `the manual has no row for a kind that is not there`() throws {
    let manual = try page("Sources/tailrace/Manual.docc/Troubleshooting.md")
    let rows = manual.matches(of: /(?m)^\| `(\w+)` \|/).map { String($0.output.1) }
    #expect(Set(rows) == Set(FailureKind.allCases.map(\.rawValue)))
    #expect(rows.count == FailureKind.allCases.count)
  }

  @Test(arguments: ["README.md", "Sources/tailrace/Manual.docc/Troubleshooting.md"])
  func `tables of exit codes have the codes that there are`(path: String) throws {
    let text = try page(path)
    let start = try #require(text.firstRange(of: /\| (Exit code|Code) \| Meaning \|/))
    let table = text[start.lowerBound...].prefix(
      upTo: text[start.lowerBound...].firstRange(of: "\n\n")?.lowerBound ?? text.endIndex)
    let listed = table.matches(of: /(?m)^\| ([0-9, ]+) \|/).flatMap { row in
      row.output.1.split(separator: ",").compactMap { Int32($0.trimmingCharacters(in: .whitespaces)) }
    }
    #expect(Set(listed).subtracting([130, 143]) == codes)
    #expect(listed.count == Set(listed).count)
  }

  @Test func `README says of each code whether it is tried again`() throws {
    let text = try page("README.md")
    for code in codes where code != 0 {
      let row = try #require(
        text.split(separator: "\n").first {
          $0.firstMatch(of: /^\| [0-9, ]+ \|/) != nil && $0.prefix(12).contains("\(code)")
        })
      let kinds = FailureKind.allCases.filter { $0.exitCode == code }
      let says = row.split(separator: "|").last?.trimmingCharacters(in: .whitespaces) ?? ""
      if kinds.allSatisfy({ !$0.isRetryable }) { #expect(says == "no", "\(code)") }
      if kinds.contains(where: { $0 == .connection }) { #expect(says.hasPrefix("yes"), "\(code)") }
    }
  }

  @Test func `the program's help has the codes that there are`() throws {
    let help = Tailrace.helpMessage(columns: 200)
    let start = try #require(help.firstRange(of: "Exit codes: "))
    let line = help[start.upperBound...].prefix { $0 != "\n" }
    let listed = line.matches(of: #/\b([0-9]+) /#).compactMap { Int32($0.output.1) }
    #expect(Set(listed).subtracting([130, 143]) == codes)
  }
}

/// Libraries do not know how somebody writes their settings.
@Suite struct LibraryWordsTests {
  @Test func `no library names a flag or the program's commands`() throws {
    let sources = FixtureFiles.directory.deletingLastPathComponent().appending(path: "Sources")
    let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    var count = 0
    for case let file as URL in files where file.pathExtension == "swift" {
      // Programs have flags of their own, and so have git and protoc; a style sheet has variables.
      let programs = [
        "/Sources/tailrace/", "/Sources/Examples/", "/ContractGit.swift", "/ProtobufReading.swift",
        "/ProtobufSource.swift", "/ContractPageStyle.swift",
      ]
      guard !programs.contains(where: file.path.contains) else { continue }
      count += 1
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
        let match = code.firstMatch(of: /".*(--[a-z]|tailrace (setup|stream|teardown|replay|capture|dead-letters)).*/)
        #expect(match.map { String($0.output.0) } == nil, "\(file.lastPathComponent)")
      }
    }
    #expect(count > 100)
  }
}
