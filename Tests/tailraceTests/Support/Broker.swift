// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A throwaway message broker, made by `Scripts/scratch-broker`.
final class Broker: Sendable {
  private let directory: TemporaryDirectory
  /// As `--sink` takes it.
  let address: String

  /// Starts one.
  ///
  /// - Parameters:
  ///   - kind: `kafka`, `rabbitmq`, `redis` or `nats`.
  ///   - options: further ones of the script's.
  init(_ kind: String, _ options: [String] = []) throws {
    directory = try TemporaryDirectory()
    do {
      address = try Self.script(["start", kind, directory.path] + options, within: 120).trimmingCharacters(
        in: .newlines)
    } catch {
      directory.remove()
      throw error
    }
  }

  /// Manages it with its own program.
  @discardableResult
  func control(_ arguments: [String]) throws -> String { try Self.script(["ctl", directory.path] + arguments) }

  /// Ends it and removes what it wrote.
  func remove() {
    _ = try? Self.script(["destroy", directory.path])
    directory.remove()
  }

  /// Where a library lies that reads the answers of Kafka's throwaway broker.
  static let library = (try? script(["library"]).trimmingCharacters(in: .newlines)) ?? ""

  private static func script(_ arguments: [String], within seconds: Double = 60) throws -> String {
    let path = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../Scripts/scratch-broker")
    return try ChildProcess.run(path.standardizedFileURL.path, arguments, within: seconds)
  }
}

/// A record as kcat reads it.
struct KafkaRecord: Decodable {
  let partition: Int
  let key: String?
  let payload: String?
  let headers: [String]?

  /// A header's value.
  subscript(_ name: String) -> String? {
    guard let headers, let index = headers.firstIndex(of: name), index + 1 < headers.count else { return nil }
    return headers[index + 1]
  }
}

extension Broker {
  /// What is stored in a topic.
  func records(in topic: String) throws -> [KafkaRecord] {
    let servers = String(address.dropFirst("kafka:".count))
    let output = try ChildProcess.run(
      "/usr/bin/env", ["kcat", "-b", servers, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J"],
      environment: ["LD_LIBRARY_PATH": Self.library])
    return try output.split(separator: "\n").map { try JSONDecoder().decode(KafkaRecord.self, from: Data($0.utf8)) }
  }
}

/// A message as pika reads it.
struct RabbitMessage: Decodable {
  let key: String
  let body: String
  let headers: [String: String]
  let contentType: String?
  let id: String?
  let deliveryMode: Int?
}

extension Broker {
  private static let packages = (try? script(["python"]).trimmingCharacters(in: .newlines)) ?? ""

  /// Runs lines of Python that can import the clients of brokers; PORT in them is the broker's.
  func python(_ lines: String) throws -> String {
    let port = address.split(separator: ":").last ?? ""
    return try ChildProcess.run(
      "/usr/bin/env", ["python3", "-c", lines.replacingOccurrences(of: "PORT", with: port)],
      environment: ["PYTHONPATH": Self.packages])
  }

  /// Runs lines of Python that have a channel `c` of pika's.
  @discardableResult
  func pika(_ lines: String) throws -> String {
    let port = address.split(separator: ":").last ?? ""
    let program = """
      import json, pika
      credentials = pika.PlainCredentials('guest', 'guest')
      connection = pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', \(port), '/', credentials))
      c = connection.channel()
      \(lines)
      connection.close()
      """
    return try ChildProcess.run(
      "/usr/bin/env", ["python3", "-c", program], environment: ["PYTHONPATH": Self.packages])
  }

  /// All messages of a queue, in order; they are taken out of it.
  func messages(in queue: String) throws -> [RabbitMessage] {
    let text = try pika(
      """
      found = []
      while True:
          method, p, body = c.basic_get('\(queue)', auto_ack=True)
          if method is None: break
          found.append({'key': method.routing_key, 'body': body.decode(),
              'headers': {k: v for k, v in (p.headers or {}).items() if isinstance(v, str)},
              'contentType': p.content_type, 'id': p.message_id, 'deliveryMode': p.delivery_mode})
      print(json.dumps(found))
      """)
    return try JSONDecoder().decode([RabbitMessage].self, from: Data(text.utf8))
  }
}

extension Broker {
  /// All entries of a stream, in order, each as its fields.
  func entries(of stream: String) throws -> [[String: String]] {
    let port = address.split(separator: ":").last ?? ""
    let program = """
      import json, redis
      r = redis.Redis(port=\(port), decode_responses=True)
      print(json.dumps([fields for _, fields in r.xrange('\(stream)')]))
      """
    let text = try ChildProcess.run(
      "/usr/bin/env", ["python3", "-c", program], environment: ["PYTHONPATH": Self.packages])
    return try JSONDecoder().decode([[String: String]].self, from: Data(text.utf8))
  }
}
