// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import CRdkafka
  import Delivery
  import PostgresWire

  /// What librdkafka's codes mean for an event. Source: rdkafka.h, `rd_kafka_resp_err_t`; Kafka's protocol guide, "Error codes".
  enum KafkaVerdicts {
    /// What speaks of the event itself: nobody will ever take it. All else speaks of the way or of the destination, and may heal.
    private static let refusals: [rd_kafka_resp_err_t: String] = [
      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: "it is larger than the topic's or our own message.max.bytes",
      RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE: "it is larger than a segment of the topic",
      RD_KAFKA_RESP_ERR_INVALID_RECORD: "the broker calls it an invalid record",
      RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP: "the broker does not take its time",
      RD_KAFKA_RESP_ERR__INVALID_ARG: "librdkafka calls it invalid",
    ]

    /// What speaks of the destination, and what can be done about it there.
    private static let destination: [rd_kafka_resp_err_t: String] = [
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: "make the topic, or mend the route",
      RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: "make the topic, or mend the route",
      RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: "make the topic, or mend the route",
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        "let the user write to the topic (an ACL that allows Write and Describe)",
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        "let the user write idempotently (IdempotentWrite on the cluster)",
      RD_KAFKA_RESP_ERR__AUTHENTICATION: "check user, password and sasl.mechanisms",
      RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED: "check user, password and sasl.mechanisms",
      RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION: "no topic can be called so: mend the route",
    ]

    /// What holds for one topic, and not for others.
    private static let ofTopic: Set<rd_kafka_resp_err_t> = [
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
    ]

    /// What we have given up ourselves, because its producer is replaced.
    private static let own: Set<rd_kafka_resp_err_t> = [
      RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, RD_KAFKA_RESP_ERR__DESTROY,
      RD_KAFKA_RESP_ERR__FATAL,
      RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE,
    ]

    private static let reach = "start the brokers, or let us through to them; check hosts, ports and security.protocol"

    private static let hints: [rd_kafka_resp_err_t: String] = [
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS: "fewer replicas are in step than min.insync.replicas wants",
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND: "fewer replicas are in step than min.insync.replicas wants",
      RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: reach, RD_KAFKA_RESP_ERR__TRANSPORT: reach,
      RD_KAFKA_RESP_ERR__SSL: "check security.protocol, and the authority of the brokers' certificates",
      RD_KAFKA_RESP_ERR__RESOLVE: "check the brokers' names, and the name service",
      RD_KAFKA_RESP_ERR__TIMED_OUT: "nobody there speaks Kafka: check hosts, ports and security.protocol",
    ]

    /// Whether it speaks of the destination: trying again helps only when somebody mends that.
    static func isDestination(_ code: rd_kafka_resp_err_t) -> Bool { destination[code] != nil }

    /// Whether an answer about a topic is no obstacle: it is there, or is made by what is sent to it.
    static func isFine(_ code: rd_kafka_resp_err_t, _ properties: [(name: String, value: String)]) -> Bool {
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { return true }
      let isMissing = [
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
      ].contains(code)
      return isMissing
        && properties.last { $0.name == "allow.auto.create.topics" }?.value.lowercased() == "true"
    }

    /// Why brokers cannot be produced to.
    ///
    /// - Parameter trouble: what librdkafka has said of the way lately. Never a broker's own words.
    static func reason(
      _ code: rd_kafka_resp_err_t, besides trouble: (code: rd_kafka_resp_err_t, text: String)? = nil
    ) -> (kind: FailureKind, words: String, hint: String?) {
      let code = isDestination(code) ? code : trouble?.code ?? code
      let proof = [RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED]
      if proof.contains(code) {
        // That is said too of a connection which is lost meanwhile.
        let isLost = trouble.map { $0.text.contains("transport failure") || $0.text.contains("isconnected") } ?? false
        return (
          isLost ? .receiver : .destination, KafkaClient.name(code) + (isLost ? ": the connection was lost" : ""),
          isLost ? reach : destination[code]
        )
      }
      let text = trouble?.code == code ? ": \(trouble?.text ?? "")" : ""
      return (
        isDestination(code) ? .destination : .receiver, KafkaClient.name(code) + text, destination[code] ?? hints[code]
      )
    }

    /// What a report means: what brokers refuse may be the fault of another record of its batch.
    static func fate(_ code: rd_kafka_resp_err_t) -> Fate {
      refusals[code] == nil ? .known(verdict(code)) : .refused(code)
    }

    /// What became of an event.
    static func verdict(_ code: rd_kafka_resp_err_t) -> Attempt.Verdict {
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { return .published }
      if own.contains(code) { return .retry(.init("its producer was replaced", concernsReceiver: true)) }
      let (name, status) = (KafkaClient.name(code), Int(code.rawValue))
      if let reason = refusals[code] { return .refused(.init("\(name): \(reason)", status: status)) }
      return .retry(
        .init(
          name, status: status, concernsReceiver: true, isLocal: ofTopic.contains(code),
          hint: destination[code] ?? hints[code]))
    }
  }

  extension rd_kafka_resp_err_t: @retroactive Hashable {}
#endif
