// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import CRdkafka
  import Delivery

  /// What librdkafka's codes mean for an event. Source: rdkafka.h, `rd_kafka_resp_err_t`; Kafka's protocol guide, "Error codes".
  enum KafkaVerdicts {
    /// What speaks of the event itself: nobody will ever take it. All else speaks of the way or of the destination, and may heal.
    private static let refusals: [rd_kafka_resp_err_t: String] = [
      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: "it is larger than the broker or message.max.bytes allows",
      RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE: "it is larger than a segment of the topic",
      RD_KAFKA_RESP_ERR_INVALID_RECORD: "the broker calls it an invalid record",
      RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP: "the broker does not take its time",
      RD_KAFKA_RESP_ERR__INVALID_ARG: "librdkafka calls it invalid",
    ]

    private static let hints: [rd_kafka_resp_err_t: String] = [
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: "make the topic, or allow the broker to",
      RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: "make the topic, or allow the broker to",
      RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: "make the topic, or allow the broker to",
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED: "let the user write the topic (kafka-acls --producer)",
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        "let the user write idempotently (IdempotentWrite on the cluster)",
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS: "fewer replicas are in step than min.insync.replicas wants",
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND: "fewer replicas are in step than min.insync.replicas wants",
    ]

    /// What became of an event.
    static func verdict(_ code: rd_kafka_resp_err_t, _ name: String) -> Attempt.Verdict {
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { return .published }
      let status = Int(code.rawValue)
      if let reason = refusals[code] { return .refused(.init("\(name): \(reason)", status: status)) }
      return .retry(.init(name, status: status, concernsReceiver: true, hint: hints[code]))
    }
  }

  extension rd_kafka_resp_err_t: @retroactive Hashable {}
#endif
