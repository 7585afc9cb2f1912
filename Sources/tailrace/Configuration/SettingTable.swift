// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Settings

/// One thing that can be set: by its flag, by its key in a file, and by its variable.
struct SettingKey: Hashable {
  /// How its value is written in a file.
  enum Kind: Hashable {
    /// `true` or `false`.
    case truth
    case number
    case size
    case duration
    /// One of these.
    case choice([String])
    case text
  }

  /// Such as `batch-size`, the key in a file; the flag has two dashes before it.
  let name: String
  let kind: Kind
  /// What a value is called, such as `count`.
  let valueName: String
  let isRepeatable: Bool
  /// Nil where there is none.
  let standard: String?
  let help: String

  var flag: String { "--\(name)" }
  var variable: String { "TAILRACE_\(name.uppercased().replacing("-", with: "_"))" }
  /// Whether it is said for the process, not for a relay.
  var isOfProcess: Bool { Self.ofProcess.contains(name) }
  /// Whether its value may hold a secret, and is not shown as it is.
  var mayBeSecret: Bool { Self.secrets.contains(name) }

  /// No list is longer: what many values take to be read grows by the square of their number.
  static let mostValues = 500
  static let noConnectionString =
    "it is no connection string: write postgresql://user@host:port/database or host=… dbname=…"

  /// The names of settings that say the same in another way: whoever sets one of them does without the others.
  var alternatives: Set<String> {
    (Self.exclusive.first { $0.contains(name) } ?? []).subtracting([name])
  }

  /// The names of what is said of a sink, but for which one it is.
  static let ofSinks = Set(OptionTypes.of(SinkOptions.self).keys.map { String($0.dropFirst(2)) }).subtracting(["sink"])
  private static let exclusive: [Set<String>] = [
    ["password-file", "password-command"], ["bearer-token-file", "basic-auth-file"],
  ]
  private static let ofProcess: Set = [
    "admin", "admin-token-file", "log-level", "log-format", "quiet", "report-interval",
  ]
  private static let secrets: Set = ["database", "sink", "password-command"]
}

/// All that can be set for a stream. It is read off the flags of `tailrace stream`, so that nothing is said twice.
enum SettingTable {
  /// In the order in which the command's help has them.
  static let keys: [SettingKey] = {
    let types = OptionTypes.of(StreamCommand.self)
    let help = FileReading.parse(StreamCommand._dumpHelp()).node
    return (help?["command"]?["arguments"]?.parts ?? []).compactMap { argument -> SettingKey? in
      guard let name = argument["preferredName"]?["name"]?.text, !["help", "version"].contains(name) else { return nil }
      let choices = argument["allValues"]?.parts?.compactMap(\.text) ?? []
      return SettingKey(
        name: name, kind: kind(argument["kind"]?.text, types["--\(name)"], choices),
        valueName: argument["valueName"]?.text ?? name, isRepeatable: argument["isRepeating"]?.truth ?? false,
        standard: argument["kind"]?.text == "flag" ? "false" : argument["defaultValue"]?.text,
        help: argument["abstract"]?.text ?? "")
    }
  }()

  static let byName = Dictionary(keys.map { ($0.name, $0) }) { first, _ in first }

  private static func kind(_ kind: String?, _ type: Any.Type?, _ choices: [String]) -> SettingKey.Kind {
    if kind == "flag" { return .truth }
    if !choices.isEmpty { return .choice(choices) }
    switch type {
    case is Int.Type, is Int?.Type: return .number
    case is ByteSize.Type, is ByteSize?.Type: return .size
    case is TimeSpan.Type, is TimeSpan?.Type: return .duration
    default: return .text
    }
  }

  /// The name that is nearest to one that does not exist; nil where none is near.
  static func nearest(to name: String, among names: some Sequence<String>) -> String? {
    let best = names.map { (name: $0, distance: CommandLineErrors.distance(name, $0)) }.min {
      $0.distance < $1.distance
    }
    return best.flatMap { $0.distance <= max(2, name.count / 4) ? $0.name : nil }
  }
}
