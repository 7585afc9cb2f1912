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

  /// Whether a flag stands on the command line, if only with its default.
  static func isWritten(_ flag: String) -> Bool {
    CommandLine.arguments.contains { $0 == flag || $0.hasPrefix("\(flag)=") }
  }

  /// The first flag of a group that stands on the command line.
  static func written(of group: some ParsableArguments, where isMeant: (String) -> Bool = { _ in true }) -> String? {
    Mirror(reflecting: group).children.lazy.compactMap { $0.label.map(flag) }.first { isMeant($0) && isWritten($0) }
  }

  /// `--batch-size` for the property `_batchSize`, as the parser has it.
  private static func flag(_ property: String) -> String {
    "--" + property.drop { $0 == "_" }.map { $0.isUppercase ? "-\($0.lowercased())" : "\($0)" }.joined()
  }

  /// Checks settings while the command line is read: what is wrong with one is wrong with its flag.
  static func checking<Value>(_ body: () throws(Failure) -> Value) throws -> Value {
    do { return try body() } catch {
      throw ValidationError("\(error.place.setting.map(name) ?? "settings"): \(text(error.what))")
    }
  }
}
