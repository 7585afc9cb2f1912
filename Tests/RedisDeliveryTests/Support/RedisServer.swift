// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A Redis of its own, made by `Scripts/scratch-broker`, and redis-py, a client that is not ours.
struct RedisServer: Sendable {
  /// An entry as redis-py reads it.
  struct Entry: Decodable, Sendable {
    let id: String
    let fields: [String: String]
    /// Fields as they come.
    let names: [String]
  }

  struct Failed: Error {
    let what: String
  }

  let directory: String
  let address: String
  var port: Int { Int(address.split(separator: ":").last?.prefix { $0 != "/" } ?? "") ?? 0 }

  private static let script = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../Scripts/scratch-broker").standardizedFileURL.path

  /// Whether there is one to test with.
  static let isAvailable = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private static let python = try? run(script, ["python"]).trimmingCharacters(in: .whitespacesAndNewlines)

  /// One for the time of `body`, which may do anything to it.
  static func with(_ settings: [String] = [], _ body: (RedisServer) async throws -> Void) async throws {
    let directory = NSTemporaryDirectory() + "/tailrace-redis-\(UUID().uuidString)"
    defer { _ = try? run(script, ["destroy", directory]) }
    let said = try run(script, ["start", "redis", directory] + settings.flatMap { ["--set", $0] })
    try await body(RedisServer(directory: directory, address: said.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  @discardableResult
  func control(_ arguments: String...) throws -> String { try control(arguments) }

  @discardableResult
  func control(_ arguments: [String]) throws -> String {
    try Self.run(Self.script, ["ctl", directory] + arguments).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func kill() throws { _ = try Self.run(Self.script, ["kill", directory]) }
  func start() throws { _ = try Self.run(Self.script, ["start", "redis", directory]) }

  /// Runs lines of Python that have a client `r` of redis-py's.
  @discardableResult
  func python(_ lines: String) throws -> String {
    let program = """
      import json, redis
      r = redis.Redis(port=\(port), decode_responses=True)
      \(lines)
      """
    return try Self.run("/usr/bin/env", ["PYTHONPATH=\(Self.python ?? "")", "python3", "-c", program])
  }

  /// All entries of a stream, in order.
  func entries(of stream: String = "outbox.event.order") throws -> [Entry] {
    let text = try python(
      "print(json.dumps([{'id': i, 'fields': f, 'names': list(f)} for i, f in r.xrange('\(stream)')]))")
    return try JSONDecoder().decode([Entry].self, from: Data(text.utf8))
  }

  /// Runs a program and gives what it says. Not with Foundation's `Process`, which does not notice the end of a program that has
  /// left a daemon behind.
  static func run(_ program: String, _ arguments: [String]) throws -> String {
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
