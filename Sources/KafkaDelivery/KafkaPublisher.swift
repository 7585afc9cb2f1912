// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import CRdkafka
  public import Delivery
  import Dispatch
  import Files
  import IntegrationEvents
  public import PostgresWire
  import Synchronization

  /// Produces to Kafka: an event counts as published when the brokers report that they have stored it.
  ///
  /// The events of an attempt are handed over together, in order; a producer that is idempotent keeps the order of each partition
  /// through leaders that move and answers that are lost. After a fatal error a new one takes its place, and what was not
  /// reported as stored is tried again.
  public final class KafkaPublisher: Publisher {
    private let configuration: KafkaConfiguration
    private let state: Mutex<State>

    /// Which of the producers.
    private enum Role {
      case batches
      /// A broker refuses a batch as a whole, so what it refuses is tried once more alone.
      case alone
    }

    private struct State {
      var properties: [(name: String, value: String)]
      var clients: [Role: KafkaClient] = [:]
      var open = OpenAttempts()
      var trouble: (code: rd_kafka_resp_err_t, text: String, time: ContinuousClock.Instant)?
      /// When something was stored last, or when what is under way began.
      var moved = ContinuousClock.now
      var isWatching = false
      /// What is wrong with files that are to be read anew.
      var filesTrouble: String?
      var isClosed = false
    }

    private static let patience: Int32 = 10_000
    /// librdkafka says again and again what hinders it: what it has not said for so long is over.
    private let memory: Duration
    /// How long nothing may be stored before another producer is to try: a broker may have forgotten the one there is.
    private static let longestStall: Duration = .seconds(60)
    private static let look: DispatchTimeInterval = .seconds(15)
    private static let longSilence: Duration = .seconds(10)

    /// Makes a publisher; reads its files, and refuses properties that librdkafka does not take.
    public convenience init(_ configuration: KafkaConfiguration) throws(Failure) {
      try self.init(configuration, memory: .seconds(30))
    }

    init(_ configuration: KafkaConfiguration, memory: Duration) throws(Failure) {
      (self.configuration, self.memory) = (configuration, memory)
      for property in configuration.properties { try KafkaProperties.check(property) }
      state = Mutex(State(properties: try configuration.settled()))
      _ = try client(.batches)
    }

    /// The library that it uses, such as `2.0.2`.
    public static var libraryVersion: String { KafkaClient.version }

    /// The brokers.
    public var destination: String { "kafka:\(configuration.servers.joined(separator: ","))" }

    /// What is wrong with files that are to be read anew.
    public var complaints: [String: String] {
      state.withLock { state in state.filesTrouble.map { ["Kafka's properties": $0] } ?? [:] }
    }

    /// What the way to the brokers suffers from.
    public var obstacle: String? {
      let now = ContinuousClock.now
      let (code, wait) = state.withLock { state in
        let recent = state.trouble.flatMap { now - $0.time < memory ? $0.code : nil }
        return (recent, state.open.isEmpty ? .zero : now - state.moved)
      }
      guard let code else {
        // librdkafka tries such things again without a word.
        return wait < Self.longSilence
          ? nil
          : "the brokers answer, but store nothing (too few replicas in step for min.insync.replicas, or partitions without a leader)"
      }
      let why = KafkaVerdicts.reason(code)
      return why.words + (why.hint.map { " (\($0))" } ?? "")
    }

    private func client(_ role: Role) throws(Failure) -> KafkaClient {
      let (known, properties) = state.withLock { ($0.clients[role], $0.properties) }
      if let known { return known }
      let alone = role == .alone ? [(name: "batch.num.messages", value: "1")] : []
      let client = try Self.client(properties + alone) { [weak self] in self?.take($0, from: role) }
      return state.withLock { state in
        // Another attempt may have been faster.
        guard let other = state.clients[role] else {
          state.clients[role] = client
          return client
        }
        client.close(.afterAnswers)
        return other
      }
    }

    private static func client(
      _ properties: [(name: String, value: String)], _ onNews: @escaping @Sendable (KafkaClient.News) -> Void
    ) throws(Failure) -> KafkaClient {
      do { return try KafkaClient(properties, onNews: onNews) } catch {
        throw Failure(
          .settings, "librdkafka does not start with these properties: \(error.reason)",
          advice: "mend \(setting: "kafka-property") or \(setting: "kafka-properties-file")")
      }
    }

    /// Hands the events over and waits until each is stored or will not be.
    public func publish(_ events: [OutgoingEvent]) async -> Attempt {
      let client: KafkaClient
      do { client = try self.client(.batches) } catch { return Attempt(.together(.stop(error))) }
      let odd = await attempt(events, client)
      if odd.isEmpty { return Attempt(.together(.published)) }
      let suspects = odd.values.contains { if case .refused = $0 { true } else { false } }
      guard suspects else { return Attempt(.each(events.indices.map { odd[$0]?.verdict ?? .published })) }
      return await tryAlone(events, odd)
    }

    /// One attempt; what became of those that were not simply stored.
    private func attempt(_ events: [OutgoingEvent], _ client: KafkaClient) async -> OpenAttempts.Odd {
      await withCheckedContinuation { continuation in
        let (number, isFirst) = state.withLock { state in
          if state.open.isEmpty { state.moved = .now }
          defer { state.isWatching = true }
          return (state.open.begin(events.count) { continuation.resume(returning: $0) }, !state.isWatching)
        }
        if isFirst { watchLater() }
        var held: Set<[UInt8]> = []
        var record = KafkaRecord()
        for (index, event) in events.enumerated() {
          guard let fate = handOver(event, &record, client, OpenAttempts.token(number, index), &held) else { continue }
          settle(number, index, fate)
        }
      }
    }

    /// Gives an event to librdkafka; tells its fate where that has not taken it.
    ///
    /// - Parameter held: keys whose events must not be stored, because one before them is not.
    private func handOver(
      _ event: OutgoingEvent, _ record: inout KafkaRecord, _ client: KafkaClient, _ token: UInt,
      _ held: inout Set<[UInt8]>
    ) -> Fate? {
      let verdict: Attempt.Verdict
      do throws(UnwritableEvent) {
        try record.set(event, configuration)
        if !held.isEmpty, let key = record.key, held.contains(Array(record.bytes[key])) { return .waits }
        let code = client.produce(record, token: token)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { return nil }
        verdict = KafkaVerdicts.verdict(code)
      } catch {
        verdict = .refused(.init(error.reason))
      }
      hold(&held, behind: event, verdict)
      return .known(verdict)
    }

    /// What comes behind it in its key must not overtake it.
    private func hold(_ held: inout Set<[UInt8]>, behind event: OutgoingEvent, _ verdict: Attempt.Verdict) {
      switch verdict {
      case .published: return
      case .refused where !configuration.stopsAtRefusal: return
      case .refused, .retry, .stop: held.insert(event.batch.unescaped(event.event.key))
      }
    }

    /// Which of several are to blame only an attempt of each alone tells.
    private func tryAlone(_ events: [OutgoingEvent], _ odd: OpenAttempts.Odd) async -> Attempt {
      let client: KafkaClient
      do { client = try self.client(.alone) } catch { return Attempt(.together(.stop(error))) }
      var held: Set<[UInt8]> = []
      var verdicts: [Attempt.Verdict] = []
      var innocent = 0
      for (index, event) in events.enumerated() {
        var verdict = odd[index]?.verdict ?? .published
        if case .refused = odd[index] {
          verdict = Fate.waits.verdict
          if !held.contains(event.batch.unescaped(event.event.key)) {
            verdict = await attempt([event], client)[0]?.verdict ?? .published
            if verdict == .published { innocent += 1 }
          }
        }
        hold(&held, behind: event, verdict)
        verdicts.append(verdict)
      }
      let remark: String? =
        innocent == 0
        ? nil
        : "the brokers refused whole batches for their size or for one of their records; their events went one by one, which is slow: make batch.size smaller than the topic's max.message.bytes"
      return Attempt(.each(verdicts), remark: remark)
    }

    private func watchLater() {
      DispatchQueue.global().asyncAfter(deadline: .now() + Self.look) { [weak self] in self?.watch() }
    }

    /// Replaces producers that have stored nothing for long although something is under way.
    private func watch() {
      let (stuck, goesOn) = state.withLock { state -> ([KafkaClient], Bool) in
        state.isWatching = !state.open.isEmpty && !state.isClosed
        guard state.isWatching, ContinuousClock.now - state.moved > Self.longestStall else {
          return ([], state.isWatching)
        }
        defer { (state.clients, state.moved) = ([:], .now) }
        return (Array(state.clients.values), true)
      }
      for client in stuck { client.close(.afterAnswers) }
      if goesOn { watchLater() }
    }

    private func settle(_ number: UInt, _ index: Int, _ fate: Fate) {
      state.withLock { $0.open.settle(number, index, fate) }?()
    }

    /// Takes what a client tells.
    private func take(_ news: KafkaClient.News, from role: Role) {
      switch news {
      case .reports(let reports):
        let now = ContinuousClock.now
        let done = state.withLock { state in
          reports.compactMap { token, code in
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { (state.trouble, state.moved) = (nil, now) }
            let (number, index) = OpenAttempts.parts(of: token)
            return state.open.settle(number, index, KafkaVerdicts.fate(code))
          }
        }
        for resume in done { resume() }
      case .trouble(let code, let text, let isFatal):
        let broken = state.withLock { state -> KafkaClient? in
          // What is fatal to a producer is what librdkafka makes of a report, which says more; that all brokers are down says less
          // than why one is.
          if !isFatal, code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || state.trouble == nil {
            state.trouble = (code, text, .now)
          }
          return isFatal && !state.isClosed ? state.clients.removeValue(forKey: role) : nil
        }
        broken?.close(.afterAnswers)
      }
    }

    /// Asks the brokers, and for the topic where all events go to one.
    public func check() async throws(Failure) {
      let client = try client(.batches)
      let topic = configuration.route.literal
      let code = await withCheckedContinuation { continuation in
        let reason = OwnThread.start {
          continuation.resume(returning: client.ask(topic: topic, within: Self.patience))
        }
        if reason != nil { continuation.resume(returning: RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE) }
      }
      let (properties, latest) = state.withLock { ($0.properties, $0.trouble) }
      guard !KafkaVerdicts.isFine(code, properties) else { return }
      let trouble = latest.map { (code: $0.code, text: $0.text) }
      let why = KafkaVerdicts.reason(code, besides: trouble)
      let place = destination + (topic.map { ", topic \($0)" } ?? "")
      throw Failure(why.kind, "\(place): \(why.words)", advice: why.hint.map { Wording($0) })
    }

    /// Reads the files again, and connects anew; what is under way is finished first.
    public func renew() {
      let found: [(name: String, value: String)]
      do throws(Failure) {
        found = try configuration.settled()
        // What cannot be used must not take the place of what can.
        try Self.client(found, { _ in }).close(.afterAnswers)
      } catch {
        return state.withLock { $0.filesTrouble = error.description }
      }
      let old = state.withLock { state in
        defer { (state.properties, state.clients, state.filesTrouble) = (found, [:], nil) }
        return state.clients.values
      }
      for client in old { client.close(.afterAll) }
    }

    /// Gives up what is not stored.
    public func close() {
      let clients = state.withLock { state in
        state.isClosed = true
        return state.clients.values
      }
      for client in clients { client.close() }
    }
  }

  /// A sink that produces to Kafka.
  public typealias KafkaSink = KeyedSink<KafkaPublisher>
#endif
