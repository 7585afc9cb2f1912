import ArgumentParser
import PostgresWire
import Settings

/// Settings as the command line writes them.
enum Flags {
  /// Settings whose flag has another name than theirs: those that may be repeated are flags in the singular.
  private static let names = [
    "outbox.tables": "table", "outbox.message-prefixes": "message-prefix", "outbox.columns": "column",
    "outbox.attributes": "attribute",
  ]

  /// `--batch-size` for `sink.http.batch-size`.
  static func name(of path: String) -> String {
    "--" + (names[path] ?? path.split(separator: ".").last.map(String.init) ?? path)
  }

  /// Wording with flags for settings: `--on-poison dead-letter`, `tailrace setup --slot orders`.
  static func text(_ advice: Wording) -> String {
    func flag(_ setting: Wording.Setting) -> String { "--\(setting.name)" + (setting.value.map { " \($0)" } ?? "") }
    return advice.text(setting: flag) { name, settings in
      (["tailrace \(name)"] + settings.map(flag)).joined(separator: " ")
    }
  }

  /// Checks settings while the command line is read: what is wrong with one is wrong with its flag.
  static func checking<Value>(_ body: () throws(Failure) -> Value) throws -> Value {
    do { return try body() } catch {
      throw ValidationError("\(error.place.setting.map(name) ?? "settings"): \(text(error.what))")
    }
  }
}
