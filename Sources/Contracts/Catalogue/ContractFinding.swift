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
  /// The rule, or what is wrong.
  package var rule: String
  /// What to do.
  package var advice: String

  package init(_ level: Level, file: String, line: Int? = nil, rule: String, advice: String) {
    (self.level, self.file, self.line, self.rule, self.advice) = (level, file, line, rule, advice)
  }

  /// Whether the check fails for it.
  package var isFatal: Bool { level != .remark }

  /// One line: where, what, what to do.
  package var text: String {
    var words = file + (line.map { ":\($0)" } ?? "")
    if let type, let version {
      words += ": \(type) \(version)" + (other.map { " and \($0)" } ?? "")
    }
    if !path.isEmpty { words += ": \(path)" }
    let doubt = level == .unknown ? "cannot tell: " : ""
    return "\(ForeignText("\(words): \(doubt)\(rule); \(advice)"))"
  }
}
