// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// A JSON Schema of configuration files, made of the table of settings.
///
/// Source: JSON Schema, draft 2020-12.
enum ConfigurationSchema {
  /// The schema, indented for people.
  static var text: String {
    let process = SettingTable.keys.filter(\.isOfProcess).map { member($0.name, schema(of: $0)) }
    let relay = SettingTable.keys.filter { !$0.isOfProcess }.map { member($0.name, schema(of: $0)) }
    let policy = object([
      ("enum", "[\"restart\", \"stop\"]"), ("description", JSONText.string(ConfigurationFile.onFailureHelp)),
    ])
    let relays = object([
      ("type", "\"object\""), ("minProperties", "1"), ("maxProperties", "\(ConfigurationFile.mostRelays)"),
      ("propertyNames", object([("pattern", JSONText.string("^[A-Za-z0-9_.-]{1,63}$"))])),
      ("additionalProperties", object([("$ref", "\"#/$defs/relay\"")])),
    ])
    return lines([
      "{", "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",", "  \"title\": \"tailrace\",",
      "  \"type\": \"object\", \"additionalProperties\": false, \"required\": [\"relays\"],", "  \"properties\": {",
      list([member("relays", relays), member("defaults", object([("$ref", "\"#/$defs/relay\"")]))] + process, "    "),
      "  },", "  \"$defs\": {\"relay\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {",
      list(relay + [member(ConfigurationFile.onFailure, policy)], "    "), "  }}}", "}",
    ])
  }

  private static func lines(_ all: [String]) -> String { all.joined(separator: "\n") }

  private static func list(_ members: [String], _ indent: String) -> String {
    members.map { indent + $0 }.joined(separator: ",\n")
  }

  private static func member(_ name: String, _ value: String) -> String { "\(JSONText.string(name)): \(value)" }

  private static func object(_ members: [(String, String)]) -> String {
    "{\(members.map { member($0.0, $0.1) }.joined(separator: ", "))}"
  }

  private static func schema(of key: SettingKey) -> String {
    var members = type(of: key)
    if key.isRepeatable {
      let bounds = [("minItems", "1"), ("maxItems", "\(SettingKey.mostValues)")]
      members = [("type", "\"array\""), ("items", object(members))] + bounds
    }
    if let standard = standard(of: key) { members.append(("default", standard)) }
    return object(members + [("description", JSONText.string(key.help))])
  }

  private static func type(of key: SettingKey) -> [(String, String)] {
    switch key.kind {
    case .truth: [("type", "\"boolean\"")]
    case .number: [("type", "\"integer\""), ("minimum", "0")]
    case .size:
      [
        ("type", "[\"string\", \"integer\"]"), ("minimum", "1"),
        ("pattern", JSONText.string("^[1-9][0-9]*([bB]|[kKmMgG][iI]?[bB])?$")),
      ]
    case .duration: [("type", "\"string\""), ("pattern", JSONText.string("^[1-9][0-9]{0,8}(us|ms|s|m|h|d)$"))]
    case .choice(let values):
      // What a reader of YAML may take for something else than a word.
      [("enum", "[\((values.map(JSONText.string) + values.flatMap(readings)).joined(separator: ", "))]")]
    case .text: [("type", key.name == "read-pacing" ? "[\"string\", \"boolean\"]" : "[\"string\", \"number\"]")]
    }
  }

  /// `on` and `off` are yes and no in YAML 1.1, and 1.2 is a number.
  private static func readings(_ value: String) -> [String] {
    switch value {
    case "on": ["true"]
    case "off": ["false"]
    default: Double(value) == nil ? [] : [value]
    }
  }

  private static func standard(of key: SettingKey) -> String? {
    guard let standard = key.standard, !key.isRepeatable else { return nil }
    return key.kind == .truth || key.kind == .number ? standard : JSONText.string(standard)
  }
}
