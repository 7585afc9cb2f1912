// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import CRdkafka
  public import Delivery
  import Dispatch
  import IntegrationEvents
  public import PostgresWire
  import Synchronization

  /// Dead letters as records of a topic, each as JSON under the key of its event.
  public final class KafkaLetters: WrittenLetters {
    private struct State {
      var client: KafkaClient?
      var properties: [KafkaProperties.Property] = []
      var open = OpenAttempts()
    }

    private let configuration: KafkaConfiguration
    private let topic: String
    private let isCancelled: @Sendable () -> Bool
    private let state = Mutex(State())

    private static let patience: Int32 = 10_000

    /// Names a topic.
    ///
    /// - Parameters:
    ///   - configuration: how its brokers are reached.
    ///   - topic: its name.
    ///   - isCancelled: asked now and then while the brokers are waited for: true gives up.
    public init(
      _ configuration: KafkaConfiguration, topic: String, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
      (self.configuration, self.topic, self.isCancelled) = (configuration, topic, isCancelled)
    }

    deinit { state.withLock(\.client)?.close(.afterAnswers) }

    /// That of the properties of now: their files may have changed.
    private func client() throws(Failure) -> KafkaClient {
      let properties = try configuration.settled() + [("batch.num.messages", "1")]
      let (known, old) = state.withLock { ($0.client, $0.properties) }
      let isSame = old.elementsEqual(properties) { $0 == $1 }
      if let known, isSame { return known }
      known?.close(.afterAnswers)
      let client: KafkaClient
      do throws(KafkaClient.Unusable) {
        client = try KafkaClient(properties) { [weak self] in self?.take($0) }
      } catch {
        throw Failure(.settings, "librdkafka does not start with these properties: \(error.reason)")
      }
      state.withLock { ($0.client, $0.properties) = (client, properties) }
      return client
    }

    /// Looks for the topic. Errors: it is not there, or we may not see it; brokers that do not answer, which may heal.
    public func check() throws(Failure) {
      let code = try client().ask(topic: topic, within: Self.patience)
      guard KafkaVerdicts.isFine(code, state.withLock(\.properties)) else { throw failure(code) }
    }

    /// Such as `the topic letters`.
    public var place: String { "the topic \(topic)" }

    private func failure(_ code: rd_kafka_resp_err_t) -> Failure {
      let why = KafkaVerdicts.reason(code)
      let kind = why.kind == .destination ? FailureKind.destination : .connection
      return Failure(kind, "the dead letters' topic \(topic): \(why.words)", advice: why.hint.map { Wording($0) })
    }

    /// Produces them, and waits until the brokers have stored all.
    public func append(_ letters: [DeadLetter]) throws(Failure) {
      guard !letters.isEmpty else { return }
      let client = try client()
      let isDone = DispatchSemaphore(value: 0)
      let result = Mutex<OpenAttempts.Odd>([:])
      let number = state.withLock { state in
        state.open.begin(letters.count) { odd in
          result.withLock { $0 = odd }
          isDone.signal()
        }
      }
      for (index, letter) in letters.enumerated() {
        let record = KafkaRecord(
          topic: topic, key: letter.key, value: Array(letter.json.utf8), contentType: "application/json")
        let code = client.produce(record, token: OpenAttempts.token(number, index))
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
          state.withLock { $0.open.settle(number, index, KafkaVerdicts.fate(code)) }?()
        }
      }
      while isDone.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
        if isCancelled() { throw failure(RD_KAFKA_RESP_ERR__TIMED_OUT) }
      }
      for fate in result.withLock(\.values) {
        switch fate.verdict {
        case .published: continue
        case .refused(let why):
          throw Failure(
            .letters, "a letter cannot be kept in the topic \(topic): \(why.reason)",
            advice: "raise that topic's max.message.bytes, or keep letters in a file or a table")
        case .retry(let why):
          throw Failure(
            .connection, "the dead letters' topic \(topic): \(why.reason)", advice: why.hint.map { Wording($0) })
        case .stop(let failure): throw failure
        }
      }
    }

    private func take(_ news: KafkaClient.News) {
      switch news {
      case .reports(let reports):
        for (token, code) in reports {
          let (number, index) = OpenAttempts.parts(of: token)
          state.withLock { $0.open.settle(number, index, KafkaVerdicts.fate(code)) }?()
        }
      case .trouble(_, _, let isFatal):
        guard isFatal else { return }
        let broken = state.withLock { state in
          defer { state.client = nil }
          return state.client
        }
        broken?.close(.afterAnswers)
      }
    }
  }
#endif
