// SPDX-License-Identifier: Apache-2.0

import HTTPDelivery
import IntegrationEvents
import Octets
import PostgresClient
import Supervision

/// What is in force, as a configuration file has it, with where each value comes from and without secrets.
struct ShownConfiguration {
  private var lines: [String] = []

  static func text(_ configured: ConfiguredProcess) -> String {
    var shown = ShownConfiguration()
    shown.add(configured.ofProcess, "") { $0.isOfProcess }
    shown.lines.append("relays:")
    for relay in configured.relays {
      shown.lines.append("  \(yaml(relay.name)):")
      shown.add(relay.given, "    ") { !$0.isOfProcess }
      shown.lines.append(
        relay.hasOwnPolicy
          ? "    \(ConfigurationFile.onFailure): \(relay.onFailure.rawValue)  # file"
          : "    # \(ConfigurationFile.onFailure): \(relay.onFailure.rawValue)  # default")
    }
    return shown.lines.map { "\(ForeignText($0))" }.joined(separator: "\n")
  }

  private mutating func add(_ given: GivenSettings, _ indent: String, where isMeant: (SettingKey) -> Bool) {
    for key in SettingTable.keys where isMeant(key) {
      let found = given[key.name]
      guard let values = found?.values ?? key.standard.map({ [$0] }) else { continue }
      let shown = values.map { Self.yaml(Self.withoutSecret($0, of: key)) }
      let text = key.isRepeatable ? "[\(shown.joined(separator: ", "))]" : shown.last ?? ""
      // What nobody has set stands there for people: set, it might not go with the rest.
      lines.append("\(indent)\(found == nil ? "# " : "")\(key.name): \(text)  # \((found?.origin ?? .standard).shown)")
    }
  }

  private static func withoutSecret(_ value: String, of key: SettingKey) -> String {
    switch key.name {
    case "database": ConnectionString.shown(value) ?? "…"
    case "sink": value.contains("://") ? value.withoutSecrets : value
    case "password-command": "…"
    default: value
    }
  }

  /// As it can be read back: in quotes where it might mean something else.
  private static func yaml(_ value: String) -> String {
    let isPlain = value.wholeMatch(of: #/[A-Za-z0-9_.\/][A-Za-z0-9_.\/:=+-]*/#) != nil && !value.hasSuffix(":")
    let isWord = ["true", "false", "null", "yes", "no"].contains(value.lowercased())
    return isPlain && (!isWord || value == "true" || value == "false") ? value : JSONText.string(value)
  }
}
