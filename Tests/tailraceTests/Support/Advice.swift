// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a program advises, to be done as it is written.
struct Advice {
  /// The commands and statements, in their order.
  let steps: [Step]
  /// The options that are to be said, such as `--accept-gap`, outside of commands.
  let options: [String]

  enum Step {
    case command(String)
    case statement(String)
  }

  /// Finds them in a message.
  init(_ message: String) {
    let pattern =
      #/(tailrace (?:setup|teardown|redeliver)(?: (?:'[^']*'|\\.|[^\s';,\\])+)*)|(\b(?:BEGIN|COMMIT|ALTER|CREATE|DROP|GRANT|SELECT|ROLLBACK)\b[^;]*;)/#
    var steps: [Step] = []
    for match in message.matches(of: pattern) {
      if let command = match.output.1 { steps.append(.command(String(command))) }
      if let statement = match.output.2 { steps.append(.statement(String(statement))) }
    }
    self.steps = steps
    let rest = message.replacing(pattern, with: "")
    options = rest.matches(of: #/(--[a-z-]+)(?: ([a-z_]+\.[\w"]+))?/#).flatMap { match in
      [String(match.output.1)] + (match.output.2.map { [String($0)] } ?? [])
    }
  }
}

extension OutboxDatabase {
  /// Moves the slot by the statement that `doctor` prints.
  func passAsDoctorSays() throws {
    let doctor = try command("doctor", ["--json"])
    _ = try doctor.exitCodeAfterAllOutput()
    let statement = /SELECT pg_catalog\.pg_replication_slot_advance\([^)]*\);/
    guard let found = doctor.output.text.firstMatch(of: statement) else {
      throw ChildProcess.Failure(description: "no statement: \(doctor.output.text)")
    }
    try psql(String(found.output))
  }

  /// Does what an error, or else a warning, advises.
  @discardableResult
  func follow(_ child: ChildProcess) throws -> Advice {
    try follow(child.complaint ?? child.messages.filter { $0.contains(": warning: ") }.joined(separator: "\n"))
  }

  @discardableResult
  func follow(_ message: String) throws -> Advice {
    let advice = Advice(message)
    for step in advice.steps {
      switch step {
      case .statement(let sql): try psql(sql)
      case .command(let command):
        // What only the reader can know.
        let said = command.replacing(" TIME", with: " 2026-01-01T00:00:00Z")
        let program = "'\(Tailrace.path)'" + said.dropFirst("tailrace".count)
        let child = try start("/bin/sh", ["-c", program])
        let code = try child.exitCode()
        guard code == 0 else {
          throw ChildProcess.Failure(description: "\(command) ended with \(code): \(child.errors.text)")
        }
      }
    }
    return advice
  }
}
