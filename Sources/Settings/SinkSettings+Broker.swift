// SPDX-License-Identifier: Apache-2.0

import AMQPDelivery
import AWSDelivery
package import Delivery
import Dispatch
import HTTPDelivery
import NATSDelivery
public import PostgresWire
import RedisDelivery
import Synchronization

#if Kafka
  import KafkaDelivery
#endif

/// What is asked of a broker before events go there.
extension SinkSettings {
  /// Tells whether events could be delivered now, without delivering anything. Blocks, in bounded time.
  ///
  /// Errors: what is wrong with the destination, with files, or that nobody answers.
  public func check() throws(Failure) { _ = try doubts() }

  /// How long an answer is waited for in silence.
  private static let patience: Duration = .seconds(5)

  /// The same; gives what is doubtful although events could be delivered.
  ///
  /// - Parameters:
  ///   - isCancelled: asked while waiting for an answer: true gives up, and nothing is doubtful.
  ///   - onWait: called once when an answer takes long.
  func doubts(isCancelled: () -> Bool = { false }, onWait: () -> Void = {}) throws(Failure) -> [String] {
    let sink = try makeAnswering(DeadLetterOffice())
    let answer = Mutex<Result<[String], Failure>>(.success([]))
    let isDone = DispatchSemaphore(value: 0)
    Task {
      do throws(Failure) {
        try await sink.check()
        let health = sink.health
        answer.withLock { $0 = .success([health.doubt.map { "\(health.destination): \($0)" }].compactMap(\.self)) }
      } catch {
        answer.withLock { $0 = .failure(error) }
      }
      sink.close()
      isDone.signal()
    }
    let start = ContinuousClock.now
    var isTold = false
    while isDone.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
      if isCancelled() {
        sink.close()
        return []
      }
      if !isTold, .now - start > Self.patience {
        isTold = true
        onWait()
      }
    }
    return try answer.withLock(\.self).get()
  }

  /// Refuses a destination at a broker that is not there, or does not let us in; what may heal by itself is no reason.
  ///
  /// - Parameters:
  ///   - isCancelled: asked while waiting for an answer: true gives up.
  ///   - onNotice: told of that, and of an answer that takes long.
  public func checkDestination(
    isCancelled: () -> Bool = { false }, onNotice: (Failure) -> Void
  ) throws(Failure) {
    guard (try? place().isBroker) ?? false else { return }
    do throws(Failure) {
      _ = try doubts(isCancelled: isCancelled) { onNotice(Failure(.receiver, "\(destination) has not answered yet")) }
    } catch {
      guard error.kind == .receiver else { throw error }
      onNotice(error)
    }
  }

  /// Letters in a topic at the brokers that events go to.
  func letters(in topic: String, _ isCancelled: @escaping @Sendable () -> Bool) throws(Failure) -> any DeadLetterStore {
    #if Kafka
      if case .kafka(let address) = try place() {
        return KafkaLetters(
          kafka.configuration(address, broker, certificates), topic: topic, isCancelled: isCancelled)
      }
    #endif
    throw .setting("poison.dead-letters", "a topic needs \(setting: "sink", "kafka:HOST:PORT")")
  }

  /// Letters in a queue at the broker that events go to.
  func letters(inQueue queue: String, _ isCancelled: @escaping @Sendable () -> Bool) throws(Failure)
    -> any DeadLetterStore
  {
    if case .aws(let address) = try place(), address.prefix(4).lowercased() == "sqs:" {
      return try AWSLetters(aws.configuration(address, certificates), queue: queue, isCancelled: isCancelled)
    }
    return try AMQPLetters(
      amqp.configuration(try rabbit(), broker, certificates), queue: queue, isCancelled: isCancelled)
  }

  /// Refuses a queue of letters where there is none of the kind.
  func validateLetters(inQueue queue: String) throws(Failure) {
    guard case .aws(let address) = try place(), address.prefix(4).lowercased() == "sqs:" else {
      _ = try rabbit()
      return
    }
    let events: AWSAddress
    do { events = try AWSAddress(address) } catch { throw .setting("sink", Wording("\(error)")) }
    let letters: AWSAddress
    do { letters = try events.sibling(queue) } catch { throw .setting("poison.dead-letters", Wording("\(error)")) }
    guard letters != events else { throw .setting("poison.dead-letters", "letters would come among the events") }
  }

  /// The address of RabbitMQ, which letters in a queue need.
  func rabbit() throws(Failure) -> String {
    guard case .amqp(let url) = try place() else {
      throw .setting(
        "poison.dead-letters", "a queue needs \(setting: "sink", "amqps://…") or \(setting: "sink", "sqs:https://…")")
    }
    return url
  }

  /// Letters in a stream at the server that events go to.
  func letters(inStream stream: String, _ isCancelled: @escaping @Sendable () -> Bool) throws(Failure)
    -> any DeadLetterStore
  {
    try RedisLetters(
      redis.configuration(try redisAddress(), broker, certificates), stream: stream, isCancelled: isCancelled)
  }

  /// The address of Redis, which letters in a stream need.
  func redisAddress() throws(Failure) -> String {
    guard case .redis(let url) = try place() else {
      throw .setting("poison.dead-letters", "a stream needs \(setting: "sink", "rediss://…")")
    }
    return url
  }

  /// Letters of a subject at the servers that events go to.
  func letters(ofSubject subject: String, _ isCancelled: @escaping @Sendable () -> Bool) throws(Failure)
    -> any DeadLetterStore
  {
    try NATSLetters(
      nats.configuration(try natsAddress(), broker, certificates), subject: subject, isCancelled: isCancelled)
  }

  /// Refuses letters of a subject that cannot be one, or without NATS.
  func checkLetters(ofSubject subject: String) throws(Failure) {
    _ = try natsAddress()
    try NATSLetters.check(subject)
  }

  /// The address of NATS, which letters of a subject need.
  func natsAddress() throws(Failure) -> String {
    guard case .nats(let url) = try place() else {
      throw .setting("poison.dead-letters", "a subject needs \(setting: "sink", "tls://…")")
    }
    return url
  }

  /// The version of librdkafka; nil in a program that is built without Kafka.
  public static var kafkaLibrary: String? {
    #if Kafka
      KafkaPublisher.libraryVersion
    #else
      nil
    #endif
  }

  /// The library that speaks with it, and its version; nil where it is our own code.
  var brokerLibrary: String? {
    guard case .kafka = try? place() else { return nil }
    return Self.kafkaLibrary.map { "librdkafka \($0)" }
  }

  /// What was looked for there.
  var destinationFound: String {
    if case .aws(let address) = try? place(), let found = try? AWSAddress(address) { return "there is \(found.place)" }
    if case .amqp = try? place() {
      let name = amqp.exchange ?? ""
      guard name.isEmpty else { return "there is an exchange \(name)" }
      return broker.route?.literal.map { "there is a queue \($0)" }
        ?? "which queues there are to be, only the events tell"
    }
    let pattern = broker.route?.literal
    if case .redis = try? place() {
      return pattern.map { "the stream \($0) takes entries" } ?? "which streams there are to be, only the events tell"
    }
    if case .nats(let url) = try? place() {
      let name = nats.configuration(url, broker, certificates).subjects
      return nats.createdStream.map { "the stream \($0) takes \(name), or is made for it" }
        ?? "a stream takes \(name), as far as the server tells"
    }
    return pattern.map { "there is a topic \($0)" } ?? "which topics there are to be, only the events tell"
  }

  /// Whether others can read what is sent to a broker, on its way to another machine.
  var isPlainBroker: Bool {
    if case .amqp(let url) = try? place() {
      return (try? AMQPAddress(url)).map { !$0.isSecure && !$0.isLoopback } ?? false
    }
    if case .redis(let url) = try? place() {
      return (try? RedisAddress(url)).map { !$0.isSecure && !$0.isLoopback } ?? false
    }
    if case .nats(let url) = try? place() {
      let needsTLS = nats.configuration(url, broker, certificates).needsTLS
      return (try? NATSAddress(url)).map { !needsTLS($0) && !$0.isLoopback } ?? false
    }
    if case .aws(let address) = try? place() {
      return (try? AWSAddress(address)).flatMap { $0.queue.map { !$0.isSecure && !$0.isLoopback } } ?? false
    }
    #if Kafka
      if case .kafka(let address) = try? place() {
        guard !address.isLoopback else { return false }
        return kafka.configuration(address, broker, certificates).isPlain
      }
    #endif
    return false
  }
}

extension SinkSettings {
  /// Tells which way events go at a broker, as its own messages have it: the topic, the routing key, the stream, or the subject.
  package func routing() -> @Sendable (OutgoingEvent) throws(UnwritableEvent) -> String? {
    switch try? place() {
    case .amqp(let url):
      let configuration = amqp.configuration(url, broker, certificates, stopsAtRefusal: true)
      return { (outgoing) throws(UnwritableEvent) in try configuration.routingKey(of: outgoing) }
    case .redis(let url):
      let configuration = redis.configuration(url, broker, certificates, stopsAtRefusal: true)
      return { (outgoing) throws(UnwritableEvent) in try configuration.stream(of: outgoing) }
    case .nats(let url):
      let configuration = nats.configuration(url, broker, certificates, stopsAtRefusal: true)
      return { (outgoing) throws(UnwritableEvent) in try configuration.subject(of: outgoing) }
    #if Kafka
      case .kafka(let address):
        let configuration = kafka.configuration(address, broker, certificates, stopsAtRefusal: true)
        return { (outgoing) throws(UnwritableEvent) in try configuration.topic(of: outgoing) }
    #endif
    default: return { (_) throws(UnwritableEvent) in nil }
    }
  }
}
