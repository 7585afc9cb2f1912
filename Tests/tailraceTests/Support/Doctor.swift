// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What `tailrace doctor` found.
struct Examination: Decodable {
  struct Check: Decodable {
    let id: String
    let state: String
    let found: String
    let means: String
    let mend: [String]
    let todo: [String]
  }

  let checks: [Check]
  /// The exit code.
  fileprivate(set) var code: Int32 = 0

  private enum CodingKeys: String, CodingKey { case checks }

  subscript(_ id: String) -> Check? { checks.first { $0.id == id } }

  /// Those that are not as they should be.
  var wrong: [Check] { checks.filter { $0.state == "failure" || $0.state == "warning" } }

  /// What is wrong, for a test's own words.
  var words: String {
    wrong.map { "\($0.state) \($0.id): \($0.found) mend: \($0.mend) todo: \($0.todo)" }.joined(separator: "\n")
  }

  /// The statements of all that has failed, in order.
  var mend: [String] { wrong.flatMap(\.mend) }
  /// What is left for a person.
  var todo: [String] { wrong.flatMap(\.todo) }
}

extension OutboxDatabase {
  /// Runs the doctor for this database's stream; a later option counts more than an earlier one.
  func doctor(
    _ options: [String] = [], names: [String]? = nil, environment: [String: String] = [:]
  ) throws -> Examination {
    let child = try tailrace(["doctor", "--json"] + (names ?? self.names) + options, environment: environment)
    let code = try child.exitCodeAfterAllOutput(within: 90)
    guard code == 0 || code == 78, let data = child.output.text.data(using: .utf8), !data.isEmpty else {
      throw ChildProcess.Failure(description: "doctor ended with \(code): \(child.errors.text)")
    }
    var found = try JSONDecoder().decode(Examination.self, from: data)
    found.code = code
    return found
  }

  /// Executes what is to mend, as it is printed, one statement after another in one session.
  func mend(_ found: Examination) throws { try psql(found.mend.joined(separator: "\n")) }
}
