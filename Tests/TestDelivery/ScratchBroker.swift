// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Brokers made by `Scripts/scratch-broker`, and the clients in Python that read them.
package enum ScratchBroker {
  package struct Failed: Error {
    package let what: String

    package init(what: String) { self.what = what }
  }

  private static let path = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../Scripts/scratch-broker").standardizedFileURL.path

  private static let packages = try? script(["python"])

  /// Runs the script, and gives what it says.
  @discardableResult
  package static func script(_ arguments: [String]) throws -> String {
    try run(path, arguments).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Runs a program of Python that may use the clients.
  package static func python(_ program: String) throws -> String {
    try run("/usr/bin/env", ["PYTHONPATH=\(packages ?? "")", "python3", "-c", program])
  }

  /// Runs a program and gives what it says. Not with Foundation's `Process`, which does not notice the end of a program that has
  /// left a daemon behind.
  @discardableResult
  package static func run(_ program: String, _ arguments: [String]) throws -> String {
    let place = NSTemporaryDirectory() + "/tailrace-said-\(UUID().uuidString)"
    let (out, err) = (place + ".out", place + ".err")
    defer { for path in [out, err] { try? FileManager.default.removeItem(atPath: path) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (number, path) in [(Int32(1), out), (2, err)] {
      posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_CREAT, 0o600)
    }
    // Threads of tests block signals, and a daemon is to end by one.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var (pid, status): (pid_t, Int32) = (0, 0)
    guard posix_spawn(&pid, program, &actions, &attributes, words, environ) == 0 else { throw Failed(what: program) }
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw Failed(what: try String(contentsOfFile: err, encoding: .utf8)) }
    return try String(contentsOfFile: out, encoding: .utf8)
  }
}
