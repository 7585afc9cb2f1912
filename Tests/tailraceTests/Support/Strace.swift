// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Changes what the kernel does when a program asks it, by strace.
enum Strace {
  /// Whether strace is here and allowed to trace, which containers may forbid.
  static let isAllowed =
    (try? ChildProcess.run("/usr/bin/env", ["strace", "-o", "/dev/null", "true"])) != nil

  /// A command that runs a program with a fault at one kind of system call; with `path`, only where that file is meant.
  ///
  /// The program itself, not strace, is the child.
  static func command(_ calls: String, _ fault: String, path: String? = nil) -> [String] {
    ["/usr/bin/env", "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)"]
      + ["-e", "inject=\(calls):\(fault)"] + (path.map { ["-P", $0] } ?? [])
  }
}

extension OutboxDatabase {
  /// Starts `tailrace stream` by another command, which gets it as its further arguments.
  func stream(by command: [String], _ options: [String]) throws -> ChildProcess {
    try start(command[0], command.dropFirst() + [Tailrace.path, "stream"] + names + options)
  }
}
