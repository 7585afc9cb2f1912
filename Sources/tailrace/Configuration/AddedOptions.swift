// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// Options that the command line does not have, because a file or the environment says them: `slot: orders`, `TAILRACE_SLOT`.
/// They are added to it before it is read, so that they mean the same. No process gets them.
enum AddedOptions {
  /// The commands about one stream that the environment counts for. What makes or removes things is told on its command line.
  private static let commands = ["stream", "doctor", "peek"]

  /// A command line with what is added to it.
  static func adding(to arguments: [String], root: any ParsableCommand.Type) throws -> [String] {
    guard !arguments.contains(where: { ["--help", "-h"].contains($0) }) else { return arguments }
    let (command, path, rest) = CommandLineErrors.command(arguments, root: root)
    let types = OptionTypes.of(command)
    let written = GivenSettings(
      SettingTable.keys.compactMap { key in
        let values = types[key.flag] == nil ? [] : Flags.values(of: key.flag, arguments)
        return values.isEmpty ? nil : Given(key: key, values: key.kind == .truth ? ["true"] : values, origin: .flag)
      })
    let added: GivenSettings
    if types["--relay"] != nil, let file = Flags.values(of: "--config", arguments).last {
      let name = Flags.values(of: "--relay", arguments).last
      added = try ConfiguredProcess.given(of: name, in: file, written: written) { types[$0.flag] != nil }
    } else if path.count == 2, commands.contains(path[1]), hasAny {
      // The connection string has its own way, which every command has.
      added = try GivenSettings.ofEnvironment { $0.name != "database" && !$0.name.hasPrefix("password-") }
        .overridden(by: written)
    } else {
      return arguments
    }
    let words = added.ordered.filter { types[$0.key.flag] != nil && written[$0.key.name] == nil }
    return Array(arguments.prefix(path.count - 1)) + words.flatMap(\.arguments) + rest
  }

  /// Which variable has set what an error is about, where the command line has not.
  static func hint(about line: String, written: [String], given: [String]) -> String {
    guard written != given else { return "" }
    for match in line.matches(of: #/--([a-z][a-z0-9-]*)/#) {
      guard let key = SettingTable.byName[String(match.output.1)] else { continue }
      if Environment[key.variable] != nil, Flags.values(of: key.flag, written).isEmpty,
        !Flags.values(of: key.flag, given).isEmpty
      {
        return " (\(key.variable))"
      }
    }
    return ""
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
