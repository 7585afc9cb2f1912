// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import PostgresClient
import Settings

/// Where something was set.
enum Origin: Hashable {
  case standard
  case file(String, FilePosition)
  case environment(String)
  case flag

  /// As it stands before a mistake, or behind a value.
  var shown: String {
    switch self {
    case .standard: "default"
    case .file(let path, let position): "\(path):\(position)"
    case .environment(let name): name
    case .flag: "flag"
    }
  }
}

/// What is set of something, and where.
struct Given: Hashable {
  let key: SettingKey
  /// The values of an option; a flag has `true` or `false`.
  var values: [String]
  var origin: Origin

  /// As a command line has it. Never that of a process: a value may be a secret.
  var arguments: [String] {
    if key.kind == .truth { return values.first == "true" ? [key.flag] : [] }
    return values.map { "\(key.flag)=\($0)" }
  }
}

extension Given {
  fileprivate var isOfFile: Bool { if case .file = origin { true } else { false } }

  /// Such as `file`, of the value of a sink.
  fileprivate var sinkKind: String {
    let scheme = (values.last ?? "").prefix { $0 != ":" }.lowercased()
    return scheme == "https" ? "http" : scheme
  }

  /// The names of other settings that this one stands for. A connection string with a password does without another one.
  fileprivate var replaced: Set<String> {
    guard key.name == "database" else { return key.alternatives }
    let hasPassword = values.last.map { ConnectionString.shown($0) != $0 } ?? false
    return hasPassword ? ["password-file", "password-command"] : []
  }
}

/// What is set for one stream, from wherever.
struct GivenSettings {
  private(set) var entries: [String: Given] = [:]

  init(_ all: [Given] = []) { for given in all { entries[given.key.name] = given } }

  /// With others, which count more: also where they say the same in another way, such as where a password is. Who names another
  /// kind of sink beside a file does without what the file says of its sink.
  func overridden(by others: GivenSettings) -> GivenSettings {
    var sum = self
    for name in others.entries.values.flatMap(\.replaced) { sum.entries[name] = nil }
    if let sink = others["sink"], !sink.isOfFile, let before = self["sink"], before.sinkKind != sink.sinkKind {
      for name in SettingKey.ofSinks { sum.entries[name] = nil }
    }
    sum.entries.merge(others.entries) { $1 }
    return sum
  }

  mutating func add(_ given: Given) { entries[given.key.name] = given }

  mutating func remove(_ name: String) { entries[name] = nil }

  subscript(_ name: String) -> Given? { entries[name] }

  /// In the order of the table.
  var ordered: [Given] { SettingTable.keys.compactMap { entries[$0.name] } }

  var arguments: [String] { ordered.flatMap(\.arguments) }

  /// What the environment's variables set.
  ///
  /// - Parameter isMeant: which keys are looked for.
  static func ofEnvironment(where isMeant: (SettingKey) -> Bool = { _ in true }) throws -> GivenSettings {
    var found: [Given] = []
    for key in SettingTable.keys where isMeant(key) {
      guard let value = Environment[key.variable] else { continue }
      var values = [value]
      if key.kind == .truth {
        guard let truth = ["true": "true", "1": "true", "false": "false", "0": "false"][value] else {
          throw ValidationError("\(key.variable): it is neither true nor false")
        }
        values = [truth]
      } else if key.isRepeatable {
        values = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !values.contains("") else {
          throw ValidationError("\(key.variable): there is nothing on one side of a comma")
        }
        guard values.count <= SettingKey.mostValues else {
          throw ValidationError("\(key.variable): it has more than \(SettingKey.mostValues) values")
        }
      }
      found.append(Given(key: key, values: values, origin: .environment(key.variable)))
    }
    return GivenSettings(found)
  }

  /// What flags set, as words of a command line.
  static func ofFlags(_ words: [String]) throws -> GivenSettings {
    var settings = GivenSettings()
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("--"), case let name = String(word.dropFirst(2).prefix { $0 != "=" }) else {
        throw ValidationError("'\(CommandLineErrors.withoutSecrets(word, words))' is no option")
      }
      guard let key = SettingTable.byName[name] else {
        let hint = SettingTable.nearest(to: name, among: SettingTable.byName.keys).map { "; did you mean --\($0)?" }
        throw ValidationError("there is no option --\(name)\(hint ?? "")")
      }
      let value = word.contains("=") ? String(word.drop { $0 != "=" }.dropFirst()) : nil
      var given = settings.entries[name] ?? Given(key: key, values: [], origin: .flag)
      if key.kind == .truth {
        guard value == nil else { throw ValidationError("\(key.flag) takes no value") }
        given.values = ["true"]
      } else {
        guard let value = value ?? rest.popFirst() else { throw ValidationError("\(key.flag) needs a value") }
        guard key.isRepeatable || given.values.isEmpty else {
          throw ValidationError("\(key.flag): it is given more than once, and has one value")
        }
        given.values.append(value)
      }
      settings.entries[name] = given
    }
    return settings
  }
}
