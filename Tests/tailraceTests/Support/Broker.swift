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
  ///   - kind: as the script names it.
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

/// A message of a stream as nats-py reads it.
struct NATSMessage: Decodable {
  let subject: String
  let headers: [String: String]
  let data: String
}

extension Broker {
  /// Has other lines in the configuration of NATS, and has it read again.
  func configure(_ lines: [String]) throws {
    let base = ["server_name: scratch", "jetstream { store_dir: \"\(directory.path)/data\" }"]
    try (base + lines + [""]).joined(separator: "\n").write(
      toFile: directory.file("nats.conf"), atomically: true, encoding: .utf8)
    func reloads() throws -> Int {
      try String(contentsOfFile: directory.file("broker.log"), encoding: .utf8)
        .ranges(of: "Reloaded server configuration").count
    }
    let before = try reloads()
    try control(["reload"])
    try wait(until: "it has read its configuration", within: 60) { try reloads() > before }
  }

  /// Runs lines of Python that have a JetStream `js` of nats-py's.
  @discardableResult
  func jetStream(_ lines: String, login: String = "") throws -> String {
    let body = lines.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    let program = """
      import asyncio, json, nats
      from nats.js.api import *
      async def main():
        c = await nats.connect('nats://\(login)127.0.0.1:\(address.split(separator: ":").last ?? "")', connect_timeout=20)
        js = c.jetstream(timeout=20)
      \(body)
        await c.close()
      asyncio.run(main())
      """
    return try ChildProcess.run(
      "/usr/bin/env", ["python3", "-c", program], environment: ["PYTHONPATH": Self.packages])
  }

  /// How many messages a stream of NATS's has.
  func length(of stream: String = "events", login: String = "") throws -> Int {
    Int(
      try jetStream("print((await js.stream_info('\(stream)')).state.messages)", login: login)
        .trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }

  /// All messages of a stream of NATS's, in order.
  func streamed(in stream: String = "events", login: String = "") throws -> [NATSMessage] {
    let text = try jetStream(
      """
      n = (await js.stream_info('\(stream)')).state.messages
      s = await js.pull_subscribe('>', stream='\(stream)', config=ConsumerConfig(ack_policy=AckPolicy.NONE))
      found = []
      while len(found) < n:
        found += await s.fetch(min(500, n - len(found)), timeout=10)
      print(json.dumps([{'subject': m.subject, 'headers': dict(m.headers or {}), 'data': m.data.decode()} for m in found]))
      """, login: login)
    return try JSONDecoder().decode([NATSMessage].self, from: Data(text.utf8))
  }
}

extension Broker {
  /// All entries of a stream of Redis's, in order, each as its fields.
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

/// A message of a queue of SQS's as boto3 reads it.
struct QueueMessage: Decodable {
  let body: String
  let group: String?

  /// An attribute of the event in it.
  func attribute(_ name: String) -> String? {
    let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
    return object?[name] as? String
  }
}

extension Broker {
  /// What a program needs that is to send to queues and topics here; nothing else of AWS's is asked.
  var keys: [String: String] {
    get throws {
      let text = try String(contentsOfFile: directory.file("keys.sh"), encoding: .utf8)
      let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
        let parts = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
      }
      return Dictionary(pairs) { first, _ in first }
    }
  }

  /// All messages of a queue, in order; they are taken out of it.
  func messages(inQueue queue: String) throws -> [QueueMessage] {
    let text = try control([
      """
      import json
      url, found = sqs.get_queue_url(QueueName="\(queue)")["QueueUrl"], []
      while True:
          some = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages", [])
          if not some: break
          found += [{"body": m["Body"], "group": m["Attributes"].get("MessageGroupId")} for m in some]
          sqs.delete_message_batch(QueueUrl=url, Entries=[
              {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(some)])
      print(json.dumps(found))
      """
    ])
    return try JSONDecoder().decode([QueueMessage].self, from: Data(text.utf8))
  }

  /// Lets the user `relay` do these things, and nothing else.
  func allow(_ actions: [String]) throws {
    try control([
      """
      import json
      statement = {"Effect": "Allow", "Action": \(actions), "Resource": "*"}
      iam.put_user_policy(UserName="relay", PolicyName="relay", PolicyDocument=json.dumps(
          {"Version": "2012-10-17", "Statement": [statement]}))
      """
    ])
  }

  /// Whether there is what speaks SQS and SNS.
  static let hasQueues = FileManager.default.fileExists(
    atPath: URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../.build/brokers-sqs/moto")
      .standardizedFileURL.path)

  /// How many messages a queue has.
  func count(inQueue queue: String) throws -> Int {
    let text = try control([
      """
      url = sqs.get_queue_url(QueueName="\(queue)")["QueueUrl"]
      print(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"])
      """
    ])
    return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }
}
