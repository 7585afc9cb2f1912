// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What is said of a command line that cannot be read.
enum CommandLineErrors {
  /// The lines: what is wrong, with the nearest command for one that does not exist, and where to read on.
  static func lines(_ error: any Error, _ arguments: [String], root: any ParsableCommand.Type) -> [String] {
    let (command, path, rest) = command(arguments, root: root)
    var what = withForm(withoutSecrets(root.message(for: error), arguments))
    let names = command.configuration.subcommands.map(name)
    if !names.isEmpty, let word = rest.first, !word.hasPrefix("-") {
      let nearest = names.map { (name: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
      let hint = nearest.flatMap { $0.distance <= 2 ? "did you mean '\($0.name)'?" : nil }
      what = "there is no such command; \(hint ?? "the commands are \(names.joined(separator: ", "))")"
    }
    return ["error: \(what)", "see \(path.joined(separator: " ")) --help"]
  }

  /// What a value has to look like, by its name in the help.
  private static let forms = [
    "duration": "a whole number above zero and a unit, such as 200us, 250ms, 30s, 5m, 1h or 1d, up to 1000 years",
    "size": "a whole number above zero, perhaps with a unit, such as 64KiB, 10kB or 1GiB",
    "count": "a whole number", "number": "a whole number", "mode": "0600, 0640 or 0644",
    "codes": "numbers and ranges from 300 to 599, such as 409,423 or 500-599",
    "lsn": "a position, such as 0/16B3748", "lsn|now": "a position, such as 0/16B3748, or now",
    "time": "a time such as 2026-11-27T09:00:00Z", "pacing": "auto, off, or a length of time such as 200us",
    "place": "file:PATH or table:SCHEMA.NAME", "speed": "max, or a multiple of the recorded pace such as 1 or 10x",
  ]

  /// A message about a value, with what such values look like.
  private static func withForm(_ message: String) -> String {
    guard let match = message.firstMatch(of: /is invalid for '(?:[^']* )?<(.*?)>'$/),
      let form = forms[String(match.output.1)]
    else { return message }
    return "\(message), which is \(form)"
  }

  /// The command that a line begins with, the words that name it, and what follows them.
  static func command(
    _ arguments: [String], root: any ParsableCommand.Type
  ) -> (command: any ParsableCommand.Type, path: [String], rest: ArraySlice<String>) {
    var (command, path, rest) = (root, [name(of: root)], arguments[...])
    while let next = command.configuration.subcommands.first(where: { name(of: $0) == rest.first }) {
      command = next
      path.append(name(of: next))
      rest = rest.dropFirst()
    }
    return (command, path, rest)
  }

  private static func name(of command: any ParsableCommand.Type) -> String {
    command.configuration.commandName ?? "\(command)".lowercased()
  }

  /// A message without arguments that may hold a password: somebody has written them in the wrong place. Where one of them
  /// stands there, any other word may be a part of it that blanks have cut off.
  static func withoutSecrets(_ message: String, _ arguments: [String]) -> String {
    var shown = message
    for argument in arguments {
      let value =
        argument.hasPrefix("--") ? argument.drop { $0 != "=" }.dropFirst() : argument[...]
      guard isTelltale(value) else { continue }
      shown = shown.replacing(argument, with: "…").replacing(value, with: "…")
    }
    guard shown != message else { return message }
    for word in arguments where !word.hasPrefix("--") { shown = shown.replacing("'\(word)'", with: "'…'") }
    return shown
  }

  private static func isTelltale(_ value: Substring) -> Bool {
    let lowered = value.lowercased()
    return ["://", "@", "password", "passwd", "pwd=", "secret", "token"].contains { lowered.contains($0) }
  }

  /// How many letters must be changed, added, left out or swapped with the next to make one word of the other.
  static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left.prefix(40)), Array(right))
    guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
    var rows = [Array(0...right.count)]
    for (i, letter) in left.enumerated() {
      var row = [i + 1]
      for (j, other) in right.enumerated() {
        var least = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (letter == other ? 0 : 1))
        if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other { least = min(least, rows[i - 1][j - 1] + 1) }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[left.count][right.count]
  }
}
