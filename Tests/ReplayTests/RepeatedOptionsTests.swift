// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import tailrace

/// Options that are given twice, for every command there is.
@Suite struct RepeatedOptionsTests {
  private static let commands = paths(of: Tailrace.self)

  private static func paths(of command: any ParsableCommand.Type) -> [[String]] {
    command.configuration.subcommands.flatMap { next -> [[String]] in
      let name = next.configuration.commandName ?? "\(next)".lowercased()
      return [[name]] + paths(of: next).map { [name] + $0 }
    }
  }

  /// The options with a value that a command's help has, and whether it says that they may be repeated.
  private static func options(of path: [String]) -> [(flag: String, mayBeRepeated: Bool)] {
    let help = Tailrace.helpMessage(
      for: CommandLineErrors.command(path, root: Tailrace.self).command, columns: 1000)
    // What is said of a long name stands in the next line.
    var options: [(flag: String, mayBeRepeated: Bool)] = []
    for line in help.split(separator: "\n") {
      if let match = line.firstMatch(of: #/^\s+(?:-\w, )?(--[a-z-]+) </#) {
        options.append((String(match.output.1), false))
      }
      if line.lowercased().contains("may be repeated"), !options.isEmpty {
        options[options.count - 1].mayBeRepeated = true
      }
    }
    return options
  }

  private static func complaint(_ arguments: [String]) -> String? {
    do {
      try RepeatedOptions.refuse(arguments, root: Tailrace.self)
      return nil
    } catch { return CommandLineErrors.lines(error, arguments, root: Tailrace.self).first }
  }

  @Test(arguments: commands)
  func `what has one value is refused when it is given twice, and what may be repeated is not`(command: [String]) {
    for (flag, mayBeRepeated) in Self.options(of: command) {
      for twice in [
        [flag, "a", flag, "b"], ["\(flag)=a", "\(flag)=a"], ["--json", "\(flag)=a", "--", "x", flag], [flag, "a"],
      ] {
        let isTwice = twice.filter { $0.hasPrefix(flag) }.count == 2 && !twice.contains("--")
        let expected = "error: \(flag): it is given more than once, and has one value"
        #expect(
          Self.complaint(command + twice) == (isTwice && !mayBeRepeated ? expected : nil), "\(command) \(twice)")
      }
    }
  }

  @Test func `options are found in every command that has some`() {
    #expect(Self.options(of: ["stream"]).count > 40)
    #expect(Self.options(of: ["dead-letters", "redrive"]).count > 20)
    #expect(
      Set(Self.options(of: ["stream"]).filter(\.mayBeRepeated).map(\.flag))
        == ["--table", "--message-prefix", "--column", "--attribute", "--ignore-header", "--kafka-property"])
  }

  @Test func `a letter counts as its word, and whoever asks for help gets it`() {
    #expect(Self.complaint(["capture", "-o", "a", "--output", "b"])?.contains("--output") == true)
    #expect(Self.complaint(["capture", "-o=a", "-o", "b"])?.contains("--output") == true)
    #expect(Self.complaint(["stream", "--slot", "a", "--slot", "b", "--help"]) == nil)
  }
}
