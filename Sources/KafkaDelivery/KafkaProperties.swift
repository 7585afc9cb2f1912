// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import Delivery
  import Files
  package import PostgresWire

  /// Properties of librdkafka, as they are given.
  package enum KafkaProperties {
    package typealias Property = (name: String, value: String)

    /// What a promise stands on: which values keep it, in lower case, and why.
    private static let promises: [String: (values: Set<String>, why: String)] = {
      let stored = (values: Set(["all", "-1"]), why: "an event counts as delivered when all replicas in step have it")
      let patient = (values: Set(["0"]), why: "no event is given up")
      let kept = (
        values: Set(["consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random"]),
        why: "the events of a key keep their order only in one partition"
      )
      return [
        "acks": stored, "request.required.acks": stored,
        "enable.idempotence": (["true"], "no event is stored twice or out of order"),
        "enable.gapless.guarantee": (["true"], "no event overtakes another of its key"),
        "message.timeout.ms": patient, "delivery.timeout.ms": patient,
        "delivery.report.only.error": (["false"], "what is stored must be known"),
        "partitioner": kept, "message.send.max.retries": ([], "no event is given up"),
        "retries": ([], "no event is given up"), "transactional.id": ([], "there are no transactions here"),
        "bootstrap.servers": ([], "events go where the sink's address says"),
        "metadata.broker.list": ([], "events go where the sink's address says"),
        // Asking librdkafka about it loads it.
        "plugin.library.paths": ([], "no code is run that is not part of this program"),
        "ssl.engine.location": ([], "no code is run that is not part of this program"),
      ]
    }()

    /// Refuses a value that would break what is promised, and what librdkafka does not take.
    package static func check(_ property: Property) throws(Failure) {
      if let promise = promises[property.name], !promise.values.contains(property.value.lowercased()) {
        let wanted =
          promise.values.isEmpty ? "it cannot be set" : "only \(promise.values.sorted().joined(separator: ", "))"
        throw .setting("sink.kafka-property", "\(property.name): \(wanted), so that \(promise.why)")
      }
      guard !property.name.hasPrefix("test.") else {
        throw .setting("sink.kafka-property", "\(property.name): events would go to brokers that are not there")
      }
      if ["linger.ms", "queue.buffering.max.ms"].contains(property.name), (Double(property.value) ?? 0) > 10_000 {
        throw .setting("sink.kafka-property", "\(property.name): at most 10000, for a stop waits for it")
      }
      do throws(KafkaClient.Unusable) { try KafkaClient.check([property]) } catch {
        throw .setting("sink.kafka-property", Wording(error.reason))
      }
    }

    /// A file of them: a line each, with an equals sign; lines that begin with `#` say nothing.
    static func file(_ path: String) throws(Failure) -> [Property] {
      try CredentialFile(path) { (text) throws(CredentialFile<[Property]>.Problem) in
        var found: [Property] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
          let line = String(line).trimmedBlanks
          if line.isEmpty || line.hasPrefix("#") { continue }
          guard let property = property(line) else { throw .init("line \(index + 1) is not name=value") }
          do throws(Failure) { try check(property) } catch { throw .init("line \(index + 1): \(error.what)") }
          found.append(property)
        }
        return found
      }.current
    }

    /// A property out of `name=value`; nil where it is none.
    package static func property(_ text: String) -> Property? {
      guard let equals = text.firstIndex(of: "=") else { return nil }
      let name = String(text[..<equals]).trimmedBlanks
      let value = String(text[text.index(after: equals)...]).trimmedBlanks
      guard !name.isEmpty, !text.utf8.contains(0) else { return nil }
      return (name, value)
    }

    /// What a file of a password holds.
    static func password(_ path: String) throws(Failure) -> String {
      try CredentialFile(path) { (text) throws(CredentialFile<String>.Problem) in
        let password = text.trimmedBlanks
        guard !password.isEmpty, !password.contains(where: { $0.isNewline || $0 == "\0" }) else {
          throw .init("is to hold the password alone, on one line")
        }
        return password
      }.current
    }
  }
#endif
