// SPDX-License-Identifier: Apache-2.0

import AWSDelivery
import Foundation
import TestDelivery

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

  let directory: String
  let address: String
  var root: String { "http://127.0.0.1:\(address.split(separator: ":").last?.prefix { $0 != "/" } ?? "")" }

  /// Whether there is one to test with.
  static let isAvailable = FileManager.default.fileExists(
    atPath: URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../.build/brokers-sqs/moto")
      .standardizedFileURL.path)

  /// One for the time of `body`, which may do anything to it.
  static func with(_ options: [String] = [], _ body: (QueueServer) async throws -> Void) async throws {
    let directory = NSTemporaryDirectory() + "/tailrace-sqs-\(UUID().uuidString)"
    defer { _ = try? ScratchBroker.script(["destroy", directory]) }
    let said = try ScratchBroker.script(["start", "sqs", directory] + options)
    try await body(QueueServer(directory: directory, address: said))
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
  func python(_ lines: String) throws -> String { try ScratchBroker.script(["ctl", directory, lines]) }

  /// Lets the relay's user do this, and nothing else.
  func allow(_ action: String) throws {
    try python(
      """
      import json
      iam.put_user_policy(UserName="relay", PolicyName="relay", PolicyDocument=json.dumps(
          {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "\(action)", "Resource": "*"}]}))
      """)
  }

  func kill() throws { try ScratchBroker.script(["kill", directory]) }
  func start() throws { try ScratchBroker.script(["start", "sqs", directory]) }

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
}
