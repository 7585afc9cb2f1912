// SPDX-License-Identifier: Apache-2.0

/// The table of settings as a page of the manual has it.
enum KeyTable {
  /// Markdown, a line a key: those of the process, then those of a relay.
  static var lines: [String] {
    let head = ["| Key | Value | Default | Variable | What it is for |", "|---|---|---|---|---|"]
    let process = SettingTable.keys.filter(\.isOfProcess).map(row)
    let relay = SettingTable.keys.filter { !$0.isOfProcess }.map(row)
    let policy =
      "| `\(ConfigurationFile.onFailure)` | `restart`, `stop` | | | \(ConfigurationFile.onFailureHelp) |"
    return ["Of the process:", ""] + head + process + ["", "Of a relay, or under `defaults`:", ""] + head + relay + [
      policy
    ]
  }

  private static func row(_ key: SettingKey) -> String {
    let standard = key.standard.map { $0.isEmpty ? "" : "`\($0)`" } ?? ""
    return "| `\(key.name)` | \(value(key)) | \(standard) | `\(key.variable)` | \(plain(key.help)) |"
  }

  private static func value(_ key: SettingKey) -> String {
    let one =
      switch key.kind {
      case .truth: "true or false"
      case .number: "number"
      case .size: "size"
      case .duration: "duration"
      case .choice(let values): values.map { "`\($0)`" }.joined(separator: ", ")
      case .text: plain(key.valueName)
      }
    return key.isRepeatable ? "list of \(one)" : one
  }

  /// Bars would divide the row, and what stands between angles would not be shown.
  private static func plain(_ text: String) -> String {
    text.replacing("|", with: " or ").replacing("<", with: "‹").replacing(">", with: "›")
  }
}
