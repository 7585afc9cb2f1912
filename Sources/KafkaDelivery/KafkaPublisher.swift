// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import CRdkafka
  public import Delivery
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
    private let state = Mutex(State())

    fileprivate struct State {
      var client: KafkaClient?
      var open: [UInt: Pending] = [:]
      var next: UInt = 1
      var complaint: String?
      var isClosed = false
    }

    /// The events of an attempt whose fate is not known.
    fileprivate struct Pending {
      var verdicts: [Attempt.Verdict?]
      var left: Int
      let continuation: CheckedContinuation<[Attempt.Verdict], Never>
    }

    /// How many bits of a token say which event of an attempt it is.
    private static let indexBits: UInt = 24
    private static let patience: Int32 = 10_000

    /// Makes a publisher; refuses properties that librdkafka does not take.
    public init(_ configuration: KafkaConfiguration) throws(Failure) {
      self.configuration = configuration
      _ = try current()
    }

    /// The library that it uses, such as `2.0.2`.
    public static var libraryVersion: String { KafkaClient.version }

    /// The brokers.
    public var destination: String { "kafka:\(configuration.servers.joined(separator: ","))" }

    /// What the way to the brokers suffers from.
    public var complaints: [String: String] { state.withLock { $0.complaint.map { ["brokers": $0] } ?? [:] } }

    private func current() throws(Failure) -> KafkaClient {
      if let client = state.withLock({ $0.client }) { return client }
      do throws(KafkaClient.Unusable) {
        let client = try KafkaClient(configuration.settled()) { [weak self] in self?.take($0) }
        state.withLock { $0.client = client }
        return client
      } catch {
        throw .setting("sink.kafka.properties", Wording(error.reason))
      }
    }

    /// Hands the events over and waits until each is stored or will not be.
    public func publish(_ events: [OutgoingEvent]) async -> Attempt {
      let client: KafkaClient
      do { client = try current() } catch { return Attempt(.together(.stop(error))) }
      let verdicts = await withCheckedContinuation { continuation in
        let number = state.withLock { state in
          defer { state.next += 1 }
          state.open[state.next] = Pending(
            verdicts: Array(repeating: nil, count: events.count), left: events.count, continuation: continuation)
          return state.next
        }
        handOver(events, number, client)
      }
      return Attempt(.each(verdicts))
    }

    private func handOver(_ events: [OutgoingEvent], _ number: UInt, _ client: KafkaClient) {
      var held: Set<[UInt8]> = []
      for (index, event) in events.enumerated() {
        let verdict: Attempt.Verdict
        do throws(KafkaRecord.Unwritable) {
          let record = try KafkaRecord(event, configuration)
          if let key = record.key, held.contains(key) {
            settle(number, index, .retry(.init("waits for an earlier event of its key", concernsReceiver: true)))
            continue
          }
          let code = client.produce(record, token: number << Self.indexBits | UInt(index))
          if code == RD_KAFKA_RESP_ERR_NO_ERROR { continue }
          verdict = KafkaVerdicts.verdict(code, KafkaClient.name(code))
        } catch {
          verdict = .refused(.init(error.reason))
        }
        var isRefused = false
        if case .refused = verdict { isRefused = true }
        // What comes behind it in its key must not overtake it.
        if !isRefused || configuration.stopsAtRefusal { held.insert(event.batch.unescaped(event.event.key)) }
        settle(number, index, verdict)
      }
    }

    private func settle(_ number: UInt, _ index: Int, _ verdict: Attempt.Verdict) {
      state.withLock { $0.settle(number, index, verdict) }?()
    }

    /// Takes what the client tells.
    private func take(_ news: KafkaClient.News) {
      switch news {
      case .reports(let reports):
        let done = state.withLock { state in
          reports.compactMap { token, code in
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { state.complaint = nil }
            return state.settle(
              token >> Self.indexBits, Int(token & (1 << Self.indexBits - 1)),
              KafkaVerdicts.verdict(code, KafkaClient.name(code)))
          }
        }
        for resume in done { resume() }
      case .trouble(let code, let text, let isFatal):
        let broken = state.withLock { state -> KafkaClient? in
          state.complaint = "\(KafkaClient.name(code)): \(text)"
          guard isFatal, !state.isClosed else { return nil }
          defer { state.client = nil }
          return state.client
        }
        broken?.close(waiting: false)
      }
    }

    /// Asks the brokers, and for the topic where all events go to one.
    public func check() async throws(Failure) {
      let client = try current()
      let code = client.ask(topic: configuration.route.literal, within: Self.patience)
      guard case .retry(let why) = KafkaVerdicts.verdict(code, KafkaClient.name(code)) else { return }
      let complaint = complaints["brokers"].map { ": \($0)" } ?? ""
      throw Failure(.receiver, "\(destination): \(why.reason)\(complaint)", advice: why.hint.map { Wording($0) })
    }

    /// Gives up what is not stored.
    public func close() {
      let client = state.withLock { state in
        state.isClosed = true
        return state.client
      }
      client?.close(waiting: true)
    }
  }

  extension KafkaPublisher.State {
    /// Notes an event's fate; gives what to call when it was the attempt's last.
    fileprivate mutating func settle(_ number: UInt, _ index: Int, _ verdict: Attempt.Verdict) -> (() -> Void)? {
      guard var pending = open.removeValue(forKey: number) else { return nil }
      if pending.verdicts[index] == nil { pending.left -= 1 }
      pending.verdicts[index] = pending.verdicts[index] ?? verdict
      guard pending.left == 0 else {
        open[number] = pending
        return nil
      }
      let (verdicts, continuation) = (pending.verdicts.compactMap { $0 }, pending.continuation)
      return { continuation.resume(returning: verdicts) }
    }
  }

  /// A sink that produces to Kafka.
  public typealias KafkaSink = KeyedSink<KafkaPublisher>
#endif
