// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
import Operations
import PostgresWire

/// Checks as somebody reads them.
struct DoctorReport {
  let checks: [Check]

  func hasFailed(strictly: Bool) -> Bool {
    checks.contains { $0.state == .failure || strictly && $0.state == .warning }
  }

  /// A table: a line a check, and what it means and how to mend it below those that are not as they should be.
  var text: String {
    let width = checks.map(\.id.rawValue.count).max() ?? 0
    var lines: [String] = []
    for check in checks {
      let id = check.id.rawValue
      let padding = String(repeating: " ", count: width - id.count)
      let found = Self.line(check.found)
      lines.append("\(Self.mark(check.state))  \(id)\(padding)  \(found)")
      guard check.state != .ok else { continue }
      let indent = String(repeating: " ", count: 9)
      lines.append("\(indent)means  \(Self.line(check.means))")
      for sql in check.mend {
        lines += sql.split(separator: "\n").enumerated().map { number, line in
          "\(indent)\(number == 0 ? "mend " : "     ")  \(ForeignText(String(line)))"
        }
      }
      lines += check.todo.map { "\(indent)todo   \(Self.line($0))" }
    }
    lines.append(summary)
    return lines.joined(separator: "\n")
  }

  private static func mark(_ state: Check.State) -> String {
    switch state {
    case .ok: "ok     "
    case .warning: "warning"
    case .failure: "FAILURE"
    case .unknown: "unknown"
    }
  }

  private var summary: String {
    let counts = Check.State.allCases.compactMap { state -> String? in
      let count = checks.count { $0.state == state }
      return count == 0 && state != .failure ? nil : "\(count) \(state)"
    }
    return "\(checks.count) checks: \(counts.joined(separator: ", "))"
  }

  private static func line(_ words: Wording) -> String { "\(ForeignText(Flags.text(words)))" }

  /// `{"checks": [{"id", "state", "found", "means", "mend": […], "todo": […]}]}`
  var json: String {
    func list(_ texts: [String]) -> String { "[\(texts.map(JSONText.string).joined(separator: ", "))]" }
    let objects = checks.map { check in
      "{\"id\": \(JSONText.string(check.id.rawValue)), \"state\": \(JSONText.string(check.state.rawValue)), "
        + "\"found\": \(JSONText.string(Flags.text(check.found))), \"means\": \(JSONText.string(Flags.text(check.means))), "
        + "\"mend\": \(list(check.mend)), \"todo\": \(list(check.todo.map { Flags.text($0) }))}"
    }
    return "{\"checks\": [\n  \(objects.joined(separator: ",\n  "))\n]}"
  }
}
