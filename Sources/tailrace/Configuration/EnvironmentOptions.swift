// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// Options that come from the environment where the command line does not have them: `TAILRACE_SLOT` for `--slot`.
enum EnvironmentOptions {
  /// The commands about one stream that they count for. What makes or removes things is told on its command line.
  private static let commands = ["stream", "doctor", "peek"]

  /// A command line with what the environment adds to it. No process gets it.
  static func adding(to arguments: [String], root: any ParsableCommand.Type) throws -> [String] {
    guard let name = arguments.first, commands.contains(name), hasAny,
      !arguments.contains(where: { ["--help", "-h"].contains($0) })
    else { return arguments }
    let types = OptionTypes.of(CommandLineErrors.command(arguments, root: root).command)
    let added = try GivenSettings.ofEnvironment { key in
      // The connection string has its own way, which every command has.
      key.name != "database" && types[key.flag] != nil && !isWritten(key, arguments)
    }
    return [name] + added.arguments + arguments.dropFirst()
  }

  private static func isWritten(_ key: SettingKey, _ arguments: [String]) -> Bool {
    !Flags.values(of: key.flag, arguments).isEmpty
  }

  /// Whether there is any variable beside that of the database.
  private static var hasAny: Bool {
    var next = unsafe environ
    while let entry = unsafe next.pointee {
      let variable = unsafe String(cString: entry)
      if variable.hasPrefix("TAILRACE_"), !variable.hasPrefix("TAILRACE_DATABASE=") { return true }
      unsafe next += 1
    }
    return false
  }
}
