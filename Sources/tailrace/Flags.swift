// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Octets
import PostgresClient
import PostgresWire
import Settings

/// Settings as the command line writes them.
enum Flags {
  /// Settings whose flag has another name than theirs: those that may be repeated are flags in the singular.
  private static let names = [
    "outbox.tables": "table", "outbox.message-prefixes": "message-prefix", "outbox.columns": "column",
    "outbox.attributes": "attribute", "outbox.ignored-headers": "ignore-header",
  ]

  /// How settings are spoken of: as flags, or as keys of a file.
  struct Speech: Sendable {
    /// What was given, as a command line has it, from wherever it came.
    var arguments: [String]
    var usesKeys = false

    func text(_ words: Wording) -> String { Flags.text(words, arguments, usesKeys: usesKeys) }
  }

  /// That of what is done now.
  @TaskLocal static var speech = Speech(arguments: CommandLine.arguments)

  /// `--batch-size` for `sink.http.batch-size`.
  static func name(of path: String) -> String {
    "--" + (names[path] ?? path.split(separator: ".").last.map(String.init) ?? path)
  }

  /// Wording with flags for settings: `--on-poison dead-letter`, `tailrace setup --slot orders`, which can be pasted.
  static func text(_ advice: Wording) -> String { speech.text(advice) }

  static func text(_ advice: Wording, _ arguments: [String], usesKeys: Bool = false) -> String {
    func flag(_ setting: Wording.Setting) -> String {
      "--\(setting.name)" + (setting.value.map { " \(shellWord($0))" } ?? "")
    }
    func key(_ setting: Wording.Setting) -> String {
      let isTruth = setting.value == nil && SettingTable.byName[setting.name]?.kind == .truth
      return setting.name + (isTruth ? ": true" : setting.value.map { ": \($0)" } ?? "")
    }
    return advice.text(setting: usesKeys ? key : flag) { name, settings in
      let given = given(name, besides: settings, arguments)
      let line = (["tailrace \(name)"] + (given.filter { $0.value != "" } + settings).map(flag)).joined(separator: " ")
      let missing = given.filter { $0.value == "" }.map { "--\($0.name)" }
      return missing.isEmpty ? line : "\(line) and the stream's \(missing.joined(separator: " and "))"
    }
  }

  /// What a command that is advised needs to be about the same stream: it is taken from the command line, without secrets.
  /// Empty where that does not have it.
  private static func given(
    _ command: String, besides settings: [Wording.Setting], _ arguments: [String]
  ) -> [Wording.Setting] {
    guard ["setup", "teardown", "doctor", "redeliver"].contains(command) else { return [] }
    var wanted: [Wording.Setting] = []
    if let database = values(of: "--database", arguments).last {
      wanted.append(.init("database", ConnectionString.shown(database) ?? ""))
    }
    wanted += values(of: "--password-file", arguments).map { Wording.Setting("password-file", $0) }
    let polls =
      ["setup", "teardown"].contains(command)
      && (arguments.dropFirst().first == "poll" || arguments.contains("--polling"))
    if polls { wanted.append(.init("polling")) }
    // Rows that are sent again come out of the table.
    for name in ["publication", "slot"] where command != "redeliver" && !polls {
      wanted.append(.init(name, values(of: "--\(name)", arguments).last ?? ""))
    }
    for name in ["table", "message-prefix"] where command != "redeliver" || name == "table" {
      wanted += values(of: "--\(name)", arguments).map { Wording.Setting(name, $0) }
    }
    if command == "setup" { wanted += kept(arguments) }
    if polls, command == "setup" { wanted += values(of: "--mark-column", arguments).map { .init("mark-column", $0) } }
    return wanted.filter { setting in !settings.contains { $0.name == setting.name } }
  }

  /// What a set-up is to make beside that.
  private static func kept(_ arguments: [String]) -> [Wording.Setting] {
    let letters = values(of: "--dead-letter-table", arguments).last.map { Wording.Setting("dead-letter-table", $0) }
    let flags = ["create-table", "failover", "temporary", "accept-row-filter", "prunable"].filter {
      arguments.contains("--\($0)")
    }
    return [letters].compactMap { $0 } + flags.map { Wording.Setting($0) }
  }

  /// A word as a shell takes it. What is not to be shown as it is has the numbers of its bytes.
  private static func shellWord(_ word: String) -> String {
    if word.unicodeScalars.contains(where: ForeignText.isEscaped) {
      let bytes = word.unicodeScalars.map { scalar in
        if scalar == "'" || scalar == "\\" { return "\\\(scalar)" }
        guard ForeignText.isEscaped(scalar) else { return "\(scalar)" }
        return "\(scalar)".utf8.map { "\\\(String(Int($0) + 0o1000, radix: 8).dropFirst())" }.joined()
      }
      return "$'\(bytes.joined())'"
    }
    let isPlain = word.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-./:=@%+".unicodeScalars.contains($0)
    }
    return isPlain && !word.isEmpty ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }

  /// Whether a flag stands on the command line, if only with its default.
  static func isWritten(_ flag: String) -> Bool { !values(of: flag, speech.arguments).isEmpty }

  /// Flags that have a letter too.
  private static let letters = ["--output": "-o"]

  /// The values that a flag has on a command line; of one at its end an empty one.
  static func values(of flag: String, _ arguments: [String]) -> [String] {
    // Behind two dashes there are no flags.
    let arguments = Array(arguments.prefix { $0 != "--" })
    let names = [flag] + (letters[flag].map { [$0] } ?? [])
    return arguments.indices.compactMap { index in
      if names.contains(arguments[index]) { return index + 1 < arguments.count ? arguments[index + 1] : "" }
      let name = names.first { arguments[index].hasPrefix("\($0)=") }
      return name.map { String(arguments[index].dropFirst($0.count + 1)) }
    }
  }

  /// The first flag of a group that stands on the command line.
  static func written(of group: some ParsableArguments, where isMeant: (String) -> Bool = { _ in true }) -> String? {
    Mirror(reflecting: group).children.lazy.compactMap { $0.label.map(flag) }.first { isMeant($0) && isWritten($0) }
  }

  /// `--batch-size` for the property `_batchSize`, as the parser has it.
  static func flag(_ property: String) -> String {
    "--" + property.drop { $0 == "_" }.map { $0.isUppercase ? "-\($0.lowercased())" : "\($0)" }.joined()
  }

  /// Checks settings while the command line is read: what is wrong with one is wrong with its flag.
  static func checking<Value>(_ body: () throws(Failure) -> Value) throws -> Value {
    do { return try body() } catch {
      throw ValidationError("\(error.place.setting.map(name) ?? "settings"): \(text(error.what))")
    }
  }
}
