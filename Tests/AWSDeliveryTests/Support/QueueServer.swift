// SPDX-License-Identifier: Apache-2.0

import AWSDelivery
import Foundation

/// Queues and topics of its own, made by `Scripts/scratch-broker`, and boto3, a client that is not ours.
struct QueueServer: Sendable {
  /// A message as boto3 reads it.
  struct Message: Decodable, Sendable {
    let body: String
    let attributes: [String: String]
    let group: String?

    /// The `id` of the event in it.
    var id: String { field("id") }

    func field(_ name: String) -> String {
      let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
      return object?[name] as? String ?? ""
    }
  }

  struct Failed: Error {
    let what: String
  }

  let directory: String
  let address: String
  var root: String { "http://127.0.0.1:\(address.split(separator: ":").last?.prefix { $0 != "/" } ?? "")" }

  private static let script = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../Scripts/scratch-broker").standardizedFileURL.path

  /// Whether there is one to test with.
  static let isAvailable = FileManager.default.fileExists(
    atPath: URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../.build/brokers-sqs/moto")
      .standardizedFileURL.path)

  /// One for the time of `body`, which may do anything to it.
  static func with(_ options: [String] = [], _ body: (QueueServer) async throws -> Void) async throws {
    let directory = NSTemporaryDirectory() + "/tailrace-sqs-\(UUID().uuidString)"
    defer { _ = try? run(script, ["destroy", directory]) }
    let said = try run(script, ["start", "sqs", directory] + options)
    try await body(QueueServer(directory: directory, address: said.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  /// What `keys.sh` sets.
  var environment: [String: String] {
    let lines = (try? String(contentsOfFile: directory + "/keys.sh", encoding: .utf8)) ?? ""
    let pairs = lines.split(separator: "\n").compactMap { line -> (String, String)? in
      let parts = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
      return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }
    return Dictionary(pairs) { first, _ in first }
  }

  func queue(_ name: String) -> String { "sqs:\(root)/123456789012/\(name)" }

  /// Runs lines of Python that have clients `sqs`, `sns` and `iam` of boto3's.
  @discardableResult
  func python(_ lines: String) throws -> String { try Self.run(Self.script, ["ctl", directory, lines]) }

  func kill() throws { _ = try Self.run(Self.script, ["kill", directory]) }
  func start() throws { _ = try Self.run(Self.script, ["start", "sqs", directory]) }

  /// All messages of a queue, in order; they are gone then.
  func take(_ queue: String) throws -> [Message] {
    let text = try python(
      """
      import json
      url, found = sqs.get_queue_url(QueueName="\(queue)")["QueueUrl"], []
      while True:
          some = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"],
                                     MessageAttributeNames=["All"]).get("Messages", [])
          if not some: break
          for m in some:
              sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
              found.append({"body": m["Body"], "group": m["Attributes"].get("MessageGroupId"),
                            "attributes": {k: v["StringValue"] for k, v in m.get("MessageAttributes", {}).items()}})
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
