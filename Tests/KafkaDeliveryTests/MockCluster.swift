// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import CRdkafka
  import Dispatch
  import Foundation

  @testable import KafkaDelivery

  /// librdkafka's own cluster of three brokers in this process, which can be told to fail.
  final class MockCluster: Sendable {
    private let client: UInt
    private let cluster: UInt
    let servers: [String]

    init(topics: [String], partitions: Int32 = 4) throws {
      var text = [CChar](repeating: 0, count: 512)
      guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), &text, text.count),
        let cluster = rd_kafka_mock_cluster_new(client, 3)
      else { throw CocoaError(.featureUnsupported) }
      self.client = UInt(bitPattern: client)
      self.cluster = UInt(bitPattern: cluster)
      servers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster)).split(separator: ",").map(String.init)
      for topic in topics { make(topic, partitions: partitions) }
    }

    deinit {
      rd_kafka_mock_cluster_destroy(handle)
      rd_kafka_destroy(OpaquePointer(bitPattern: client))
    }

    private var handle: OpaquePointer? { OpaquePointer(bitPattern: cluster) }

    func make(_ topic: String, partitions: Int32 = 4) {
      rd_kafka_mock_topic_create(handle, topic, partitions, 3)
    }

    /// The next answers to what is produced are these.
    func answer(_ errors: [rd_kafka_resp_err_t]) {
      rd_kafka_mock_push_request_errors_array(handle, 0, errors.count, errors)
    }

    func setError(_ error: rd_kafka_resp_err_t, of topic: String) {
      rd_kafka_mock_topic_set_error(handle, topic, error)
    }

    func setDown(_ isDown: Bool) {
      for broker in Int32(1)...3 {
        _ = isDown ? rd_kafka_mock_broker_set_down(handle, broker) : rd_kafka_mock_broker_set_up(handle, broker)
      }
    }

    func setRoundTrip(milliseconds: Int32) {
      for broker in Int32(1)...3 { rd_kafka_mock_broker_set_rtt(handle, broker, milliseconds) }
    }

    func moveLeader(of topic: String, partition: Int32, to broker: Int32) {
      rd_kafka_mock_partition_set_leader(handle, topic, partition, broker)
    }

    /// A record as kcat reads it.
    struct Record: Decodable {
      let topic: String
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

    /// What is stored in a topic, by a client that is not ours. Waits on a thread of its own: other tests need those of tasks.
    func records(in topic: String) async throws -> [Record] {
      try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result { try self.read(topic) }) }
      }
    }

    private func read(_ topic: String) throws -> [Record] {
      let kcat = Process()
      kcat.executableURL = URL(filePath: "/usr/bin/env")
      kcat.arguments = [
        "kcat", "-b", servers.joined(separator: ","), "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J",
      ]
      let pipe = Pipe()
      kcat.standardOutput = pipe
      kcat.standardError = FileHandle.nullDevice
      try kcat.run()
      let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
      kcat.waitUntilExit()
      return try output.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(Record.self, from: $0) }
    }
  }
#endif
