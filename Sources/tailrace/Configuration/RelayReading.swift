// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Octets
import PostgresClient
import Settings

/// Reads what is set for a relay as the command line of a stream is read, so that both mean the same.
struct RelayReading {
  /// As it was set, without what does not go with what counts more.
  private(set) var given: GivenSettings
  /// Nil where something is wrong.
  private(set) var settings: RelaySettings?
  private(set) var mistakes = Mistakes()

  /// Reads.
  ///
  /// - Parameters:
  ///   - origin: where the relay is named, for what is missing.
  ///   - blamed: the names of what is known to be wrong, and is not set therefore.
  ///   - written: the names of what stands on another command's line, which says itself what is wrong with it: what does not go
  ///     with that is left out.
  init(_ given: GivenSettings, origin: Origin, blamed: Set<String> = [], written: Set<String> = []) {
    self.given = given
    var (rest, blamed) = (given, blamed)
    for name in Self.required where given[name] == nil {
      if !blamed.contains(name) { mistakes.add(origin, "'\(name)' is missing") }
      rest.standIn(for: name, origin)
    }
    if let database = given["database"], !written.contains("database"), let text = database.values.last,
      ConnectionString.shown(text) == nil
    {
      // Words about it may hold a part of it.
      mistakes.add(database.origin, "database: \(SettingKey.noConnectionString)")
      rest.remove("database")
    }
    while true {
      do {
        let speech = Flags.Speech(arguments: ["tailrace", "stream"] + rest.arguments)
        let settings = try Flags.$speech.withValue(speech) { try StreamCommand.parse(rest.arguments).settings() }
        if mistakes.isEmpty, blamed.isEmpty { self.settings = settings }
        return
      } catch {
        let message = CommandLineErrors.withoutSecrets(StreamCommand.message(for: error), rest.arguments)
        let names = message.matches(of: #/--([a-z][a-z-]*)/#).map { String($0.output.1) }
        if names.contains(where: written.contains) {
          let other = names.first { rest[$0] != nil && !written.contains($0) && !Self.required.contains($0) }
          guard let other else { return }
          rest.remove(other)
          self.given.remove(other)
          continue
        }
        let name = names.first { rest[$0] != nil }
        // What is said of a value that was wrong already, and is left out now, is no further mistake.
        if !names.contains(where: blamed.contains) {
          mistakes.add(name.flatMap { rest[$0]?.origin } ?? origin, Self.words(message, name.flatMap { rest[$0] }))
        }
        guard let name, !Self.required.contains(name) || !blamed.contains(name) else { return }
        blamed.insert(name)
        rest.remove(name)
        if Self.required.contains(name) { rest.standIn(for: name, origin) }
      }
    }
  }

  private static let required = ["publication", "slot"]

  /// How a relay of these settings speaks of them.
  static func speech(_ given: GivenSettings) -> Flags.Speech {
    Flags.Speech(arguments: ["tailrace", "stream"] + given.arguments, usesKeys: true)
  }

  private static func words(_ message: String, _ given: Given?) -> String {
    if let given, message.hasPrefix("The value ") {
      let value = given.key.mayBeSecret ? "" : " '\(ForeignText(String((given.values.last ?? "").prefix(100))))'"
      return "\(given.key.name):\(value) \(wish(given.key))"
    }
    let plain = message.replacing(#/--([a-z][a-z-]*)/#) { "\($0.output.1)" }
    if let given, plain.hasPrefix("Missing value for ") { return "\(given.key.name): there is no value" }
    if let given, plain.hasPrefix("\(given.key.name) ") {
      return "\(given.key.name): \(plain.dropFirst(given.key.name.count + 1))"
    }
    guard let given, plain.prefixMatch(of: #/[a-z-]+: /#) == nil else { return plain }
    return "\(given.key.name): \(plain)"
  }

  private static func wish(_ key: SettingKey) -> String {
    switch key.kind {
    case .truth: "is neither true nor false"
    case .number: "is no whole number"
    case .size: "is no size such as 64KiB or 100MB"
    case .duration: "is no duration such as 250ms, 30s or 1h"
    case .choice(let values): "is none of \(values.joined(separator: ", "))"
    case .text: "cannot be a \(key.valueName)"
    }
  }
}

extension GivenSettings {
  /// Sets something to a value that is well, so that what is wrong beside it shows.
  fileprivate mutating func standIn(for name: String, _ origin: Origin) {
    if let key = SettingTable.byName[name] { add(Given(key: key, values: ["missing"], origin: origin)) }
  }
}
