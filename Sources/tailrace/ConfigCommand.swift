// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `tailrace config`: what a configuration file says, before anything is run.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Checks and shows configuration files, and what can be in them.",
    subcommands: [Check.self, Show.self, Schema.self, Keys.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says all that is wrong with a file, with line and column, or that nothing is; opens nothing.",
      discussion: "Ends with 78 when something is wrong. Options of stream can be given as to run.")
    @Argument(help: ArgumentHelp("The configuration.", valueName: "file"), completion: .file()) var file: String
    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Options of stream.", valueName: "options"))
    var options: [String] = []

    func run() throws {
      try reportingErrors {
        let configured = try ConfiguredProcess(file, flags: options, isOnlyChecked: true)
        for warning in configured.warnings { say("warning: \(warning)") }
        let names = configured.relays.map(\.name)
        print("\(file): nothing is wrong; \(names.count == 1 ? "relay" : "relays") \(names.joined(separator: ", "))")
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints what is in force, and where each value comes from; without secrets.")
    @Argument(help: ArgumentHelp("The configuration.", valueName: "file"), completion: .file()) var file: String
    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Options of stream.", valueName: "options"))
    var options: [String] = []

    func run() throws {
      try reportingErrors {
        print(ShownConfiguration.text(try ConfiguredProcess(file, flags: options, isOnlyChecked: true)))
      }
    }
  }

  struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints a JSON Schema of configuration files, which editors take.")
    @Argument(help: ArgumentHelp("A configuration, which makes no difference.", valueName: "file"), completion: .file())
    var file: String?

    func run() { print(ConfigurationSchema.text) }
  }

  struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints all keys as a table: kind, default, variable, and what each is for.")

    func run() { print(KeyTable.lines.joined(separator: "\n")) }
  }
}
