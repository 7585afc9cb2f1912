// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A RabbitMQ of its own, made by `Scripts/scratch-broker`, and pika, a client that is not ours.
struct RabbitMQ: Sendable {
  /// A message as pika reads it.
  struct Message: Decodable, Sendable {
    let key: String
    let body: String
    let headers: [String: String]
    let contentType: String?
    let id: String?
    let deliveryMode: Int?
    let timestamp: Int?
    let isRedelivered: Bool
  }

  struct Failed: Error {
    let what: String
  }

  let directory: String
  let address: String
  var port: Int { Int(address.split(separator: ":").last ?? "") ?? 0 }

  private static let script = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../Scripts/scratch-broker").standardizedFileURL.path

  /// Whether there is one to test with.
  static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/lib/rabbitmq/bin/rabbitmq-server")

  private static let python = try? run(script, ["python"]).trimmingCharacters(in: .whitespacesAndNewlines)

  /// One for the time of `body`, which may do anything to it.
  static func with(
    _ settings: [String] = [], prepare: (String) throws -> Void = { _ in }, _ body: (RabbitMQ) async throws -> Void
  ) async throws {
    let directory = NSTemporaryDirectory() + "/tailrace-rabbitmq-\(UUID().uuidString)"
    defer { _ = try? run(script, ["destroy", directory]) }
    let options = settings.flatMap { ["--set", $0] }
    let said = try run(script, ["start", "rabbitmq", directory] + options)
    try prepare(directory)
    try await body(
      RabbitMQ(directory: directory, address: said.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  func control(_ arguments: String...) throws -> String {
    try Self.run(Self.script, ["ctl", directory] + arguments)
  }

  func kill() throws { _ = try Self.run(Self.script, ["kill", directory]) }
  func start() throws { _ = try Self.run(Self.script, ["start", "rabbitmq", directory]) }

  /// Runs lines of Python that have a channel `c` of pika's.
  @discardableResult
  func pika(_ lines: String) throws -> String {
    let program = """
      import json, pika
      credentials = pika.PlainCredentials('guest', 'guest')
      connection = pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', \(port), '/', credentials))
      c = connection.channel()
      \(lines)
      connection.close()
      """
    return try Self.run("/usr/bin/env", ["PYTHONPATH=\(Self.python ?? "")", "python3", "-c", program])
  }

  /// All messages of a queue, in order; they are taken out of it.
  func messages(in queue: String = "events") throws -> [Message] {
    let text = try pika(
      """
      found = []
      while True:
          method, p, body = c.basic_get('\(queue)', auto_ack=True)
          if method is None: break
          found.append({'key': method.routing_key, 'body': body.decode(), 'headers': {k: v for k, v in (p.headers or {}).items() if isinstance(v, str)},
              'contentType': p.content_type, 'id': p.message_id, 'deliveryMode': p.delivery_mode,
              'timestamp': p.timestamp, 'isRedelivered': method.redelivered})
      print(json.dumps(found))
      """)
    return try JSONDecoder().decode([Message].self, from: Data(text.utf8))
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
