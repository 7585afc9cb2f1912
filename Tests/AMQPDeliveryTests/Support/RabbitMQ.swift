// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestDelivery
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

  let directory: String
  let address: String
  var port: Int { Int(address.split(separator: ":").last ?? "") ?? 0 }

  /// Whether there is one to test with.
  static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/lib/rabbitmq/bin/rabbitmq-server")

  /// One for the time of `body`, which may do anything to it.
  static func with(
    _ settings: [String] = [], prepare: (String) throws -> Void = { _ in }, _ body: (RabbitMQ) async throws -> Void
  ) async throws {
    let directory = NSTemporaryDirectory() + "/tailrace-rabbitmq-\(UUID().uuidString)"
    defer { _ = try? ScratchBroker.script(["destroy", directory]) }
    let options = settings.flatMap { ["--set", $0] }
    let said = try ScratchBroker.script(["start", "rabbitmq", directory] + options)
    try prepare(directory)
    try await body(RabbitMQ(directory: directory, address: said))
  }

  func control(_ arguments: String...) throws -> String {
    try ScratchBroker.script(["ctl", directory] + arguments)
  }

  func kill() throws { try ScratchBroker.script(["kill", directory]) }
  func start() throws { try ScratchBroker.script(["start", "rabbitmq", directory]) }

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
    return try ScratchBroker.python(program)
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
}
