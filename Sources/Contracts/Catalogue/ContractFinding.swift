// SPDX-License-Identifier: Apache-2.0

import Octets

/// Something that was found in contracts.
package struct ContractFinding: Hashable, Sendable {
  /// How much it matters.
  package enum Level: String, Hashable, Sendable {
    /// It breaks what was promised.
    case violation
    /// Nobody can tell whether it does.
    case unknown
    /// It is allowed, and may not be meant.
    case remark
  }

  package var level: Level
  /// The type; nil for what is of none.
  package var type: String?
  /// The version that it is about.
  package var version: Int?
  /// The version that this one was compared with.
  package var other: Int?
  /// The file.
  package var file: String
  /// The line in it, from 1; nil where it is not of one.
  package var line: Int?
  /// Where in the schema, as a JSON Pointer; empty for the whole.
  package var path = ""
  /// What kind of thing it is, for programs; it stays the same when words change.
  package var code: String
  /// The rule, or what is wrong.
  package var rule: String
  /// What to do.
  package var advice: String

  package init(_ level: Level, _ code: String, file: String, line: Int? = nil, rule: String, advice: String) {
    (self.level, self.code, self.file, self.line) = (level, code, file, line)
    (self.rule, self.advice) = (rule, advice)
  }

  /// Whether the check fails for it.
  package var isFatal: Bool { level != .remark }

  /// One line: how much it matters, where, what, what to do.
  package var text: String {
    var words = file + (line.map { ":\($0)" } ?? "")
    if let type, let version {
      words += ": \(type) \(version)" + (other.map { " and \($0)" } ?? "")
    }
    if !path.isEmpty { words += ": \(path)" }
    let doubt = level == .unknown ? "cannot tell: " : ""
    return "\(ForeignText("\(level.rawValue): \(words): \(doubt)\(rule); \(advice)"))"
  }

  /// A line for each, but one for all contracts that are open models: almost every JSON Schema is.
  package static func lines(_ findings: [ContractFinding]) -> [String] {
    let open = findings.filter { $0.code == openModel }
    let lines = findings.filter { $0.code != openModel }.map(\.text)
    guard open.count > 1 else { return lines + open.map(\.text) }
    let names = open.prefix(6).map { "\($0.type ?? "") \($0.version ?? 0)" }.joined(separator: ", ")
    let more = open.count > 6 ? " and \(open.count - 6) more" : ""
    let words =
      "remark: \(open.count) contracts are open models, which take members that they do not name: \(names)\(more); "
      + "leave them if that is meant, or close one with additionalProperties"
    return lines + ["\(ForeignText(words))"]
  }

  static let openModel = "open-model"
}
