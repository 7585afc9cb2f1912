// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestDelivery
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

  let directory: String
  let address: String
  var port: Int { Int(address.split(separator: ":").last?.prefix { $0 != "/" } ?? "") ?? 0 }

  /// Whether there is one to test with.
  static let isAvailable = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// One for the time of `body`, which may do anything to it.
  static func with(_ settings: [String] = [], _ body: (RedisServer) async throws -> Void) async throws {
    let directory = NSTemporaryDirectory() + "/tailrace-redis-\(UUID().uuidString)"
    defer { _ = try? ScratchBroker.script(["destroy", directory]) }
    let said = try ScratchBroker.script(["start", "redis", directory] + settings.flatMap { ["--set", $0] })
    try await body(RedisServer(directory: directory, address: said))
  }

  @discardableResult
  func control(_ arguments: String...) throws -> String { try control(arguments) }

  @discardableResult
  func control(_ arguments: [String]) throws -> String {
    try ScratchBroker.script(["ctl", directory] + arguments)
  }

  func kill() throws { try ScratchBroker.script(["kill", directory]) }
  func start() throws { try ScratchBroker.script(["start", "redis", directory]) }

  /// Runs lines of Python that have a client `r` of redis-py's.
  @discardableResult
  func python(_ lines: String) throws -> String {
    let program = """
      import json, redis
      r = redis.Redis(port=\(port), decode_responses=True)
      \(lines)
      """
    return try ScratchBroker.python(program)
  }

  /// All entries of a stream, in order.
  func entries(of stream: String = "outbox.event.order") throws -> [Entry] {
    let text = try python(
      "print(json.dumps([{'id': i, 'fields': f, 'names': list(f)} for i, f in r.xrange('\(stream)')]))")
    return try JSONDecoder().decode([Entry].self, from: Data(text.utf8))
  }
}
