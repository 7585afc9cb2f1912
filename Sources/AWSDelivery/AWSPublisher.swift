// SPDX-License-Identifier: Apache-2.0

public import Delivery
import Digests
import HTTPDelivery
public import PostgresWire
import Synchronization

/// Sends events to a queue of SQS or a topic of SNS, up to ten in a request: an event counts as published when the answer has its
/// entry among the successful ones.
///
/// No request may have two events of a key: a part of it can fail, and the later one would be stored before the earlier.
public final class AWSPublisher: Publisher {
  private let address: AWSAddress
  private let client: AWSClient
  private let limits: MessageLimits
  private let heldDoubt = Mutex<String?>(nil)

  /// Makes a publisher: finds where credentials come from, and reads certificates. Nothing is sent before there are events.
  public init(_ configuration: AWSConfiguration) throws(Failure) {
    address = try Self.address(configuration)
    client = try AWSClient(configuration, address)
    limits = MessageLimits(address.service)
  }

  /// Refuses what cannot work, before any file is read.
  package static func check(_ configuration: AWSConfiguration) throws(Failure) { _ = try address(configuration) }

  private static func address(_ configuration: AWSConfiguration) throws(Failure) -> AWSAddress {
    let address: AWSAddress
    do { address = try AWSAddress(configuration.address) } catch { throw .setting("sink", Wording("\(error)")) }
    if let queue = address.queue, !queue.isSecure, !queue.isLoopback, !configuration.allowsPlain {
      throw .setting(
        "sink", "events would travel in the clear; use https://, or \(setting: "allow-plain-aws")")
    }
    return address
  }

  /// The queue or the topic.
  public var destination: String { address.shown }

  /// Credentials that cannot be renewed, and certificates that cannot be read.
  public var complaints: [String: String] { client.complaints }

  /// What could not be looked at.
  public var doubt: String? { heldDoubt.withLock(\.self) }

  /// Looks whether there are other certificates now.
  public func renew() { client.renew() }

  /// Closes the connections.
  public func close() { client.close() }

  /// Sends the events, and waits until each is stored or will not be.
  public func publish(_ events: [OutgoingEvent]) async -> Attempt {
    var messages: [AWSMessage] = []
    var verdicts = [Attempt.Verdict?](repeating: nil, count: events.count)
    for (index, event) in events.enumerated() {
      do throws(UnwritableEvent) {
        messages.append(try AWSMessage(event, index: index, isOrdered: address.isOrdered))
      } catch { verdicts[index] = .refused(.init(error.reason)) }
    }
    return await send(messages, verdicts)
  }

  /// Sends letters.
  func publish(_ letters: [DeadLetter]) async -> [Attempt.Verdict] {
    var all: [Attempt.Verdict] = []
    // One after another: those of a FIFO queue are of one group.
    for letter in letters {
      do throws(UnwritableEvent) {
        let message = try AWSMessage(letter, index: 0, isOrdered: address.isOrdered)
        guard case .each(let verdicts) = await send([message], [nil]).verdicts, let verdict = verdicts.first else {
          all.append(.published)
          continue
        }
        all.append(verdict)
        guard verdict == .published else { break }
      } catch { all.append(.refused(.init(error.reason))) }
    }
    return all
  }

  private func send(_ messages: [AWSMessage], _ before: [Attempt.Verdict?]) async -> Attempt {
    var (verdicts, open, size): ([Attempt.Verdict?], [AWSMessage], Int) = (before, [], 0)
    var retryAfter: Duration?
    var failed: AWSTrouble?
    func flush() async {
      defer { (open, size) = ([], 0) }
      guard !open.isEmpty else { return }
      if let failed {
        for message in open { verdicts[message.index] = failed.verdict }
        return
      }
      do throws(AWSTrouble) { try await send(open[...], &verdicts) } catch {
        for message in open where verdicts[message.index] == nil { verdicts[message.index] = error.verdict }
        (failed, retryAfter) = (error, error.retryAfter)
      }
    }
    for message in messages {
      let longest = await limits.longest(for: message.size) { await lookForLimit() }
      guard message.size <= longest else {
        verdicts[message.index] = .refused(
          .init("it has \(message.size) bytes, and \(address.place) takes \(longest)"))
        continue
      }
      if open.count == MessageLimits.entries || size + message.size > limits.batch { await flush() }
      open.append(message)
      size += message.size
    }
    await flush()
    let all = verdicts.map { $0 ?? AWSTrouble.breach(address.service).verdict }
    return Attempt(all.allSatisfy { $0 == .published } ? .together(.published) : .each(all), retryAfter: retryAfter)
  }

  /// Sends some in one request, and those that are refused together in halves. Throws where none of those that have no verdict
  /// can be sent now.
  private func send(
    _ messages: ArraySlice<AWSMessage>, _ verdicts: inout [Attempt.Verdict?]
  ) async throws(AWSTrouble) {
    let isQueue = address.service == .sqs
    let body = isQueue ? BatchWriting.json(messages, to: address.name) : BatchWriting.form(messages, to: address.name)
    let answer: HTTPTransport.Answer
    do throws(AWSTrouble) {
      answer = try await client.ask(isQueue ? "SendMessageBatch" : "PublishBatch", body)
    } catch {
      guard error.subject == .event else { throw error }
      guard messages.count > 1 else {
        for message in messages { verdicts[message.index] = error.verdict }
        return
      }
      let middle = messages.startIndex + messages.count / 2
      try await send(messages[..<middle], &verdicts)
      return try await send(messages[middle...], &verdicts)
    }
    let read = isQueue ? JSONAnswer.batch(answer.body) : XMLAnswer.batch(answer.body)
    guard let read, let found = Self.verdicts(read, for: messages, client.trouble) else {
      throw .breach(address.service)
    }
    for (message, verdict) in zip(messages, found) {
      verdicts[message.index] = verdict ?? AWSTrouble.breach(address.service).verdict
    }
  }

  /// What an answer says of each; nil for one of which it does not say one thing. Nil altogether where it speaks of others.
  static func verdicts(
    _ answer: BatchAnswer, for messages: ArraySlice<AWSMessage>, _ trouble: (BatchAnswer.Failed) -> AWSTrouble
  ) -> [Attempt.Verdict?]? {
    var found = [[Attempt.Verdict?]](repeating: [], count: messages.count)
    for stored in answer.stored {
      guard let place = place(stored.id, of: messages.count) else { return nil }
      let body = messages[messages.startIndex + place].body
      let isDamaged =
        if let digest = stored.digest, let ours = MD5.digest(body) {
          RequestSigning.text(ours) != digest.lowercased()
        } else { false }
      found[place].append(isDamaged ? nil : .published)
    }
    for failed in answer.failed {
      guard let place = place(failed.id, of: messages.count) else { return nil }
      found[place].append(trouble(failed).verdict)
    }
    return found.map { $0.count == 1 ? $0[0] : nil }
  }

  private static func place(_ id: String, of count: Int) -> Int? {
    guard id.utf8.count == 1, let place = Int(id), (0..<count).contains(place) else { return nil }
    return place
  }

  // MARK: looking

  /// Looks for the queue or the topic, and whether we may send there, without sending.
  public func check() async throws(Failure) {
    do throws(AWSTrouble) {
      var isUnseen = false
      do throws(AWSTrouble) { try await look() } catch {
        guard error.subject == .permission else { throw error }
        isUnseen = true
      }
      // A request with nothing in it is refused for that, if we may send.
      do throws(AWSTrouble) {
        let empty =
          address.service == .sqs
          ? BatchWriting.json(queue: address.name, #""Entries":[]"#)
          : BatchWriting.form(topic: address.name, "PublishBatch")
        _ = try await client.ask(address.service == .sqs ? "SendMessageBatch" : "PublishBatch", empty)
      } catch {
        guard !error.says(isUnseen: isUnseen) else { throw error }
      }
      let right = address.service == .sqs ? "sqs:GetQueueAttributes" : "sns:GetTopicAttributes"
      heldDoubt.withLock {
        $0 = isUnseen ? "we may not look at \(address.place): allow \(right), or see at the first event" : nil
      }
    } catch {
      throw error.failure(of: destination)
    }
  }

  /// Asks for the attributes.
  private func look() async throws(AWSTrouble) {
    if address.service == .sqs {
      let answer = try await client.ask(
        "GetQueueAttributes", BatchWriting.json(queue: address.name, #""AttributeNames":["All"]"#))
      guard let attributes = JSONAnswer.attributes(answer.body) else { throw .breach(.sqs) }
      limits.learn(attributes["MaximumMessageSize"].flatMap { Int($0) })
    } else {
      let answer = try await client.ask(
        "GetTopicAttributes", BatchWriting.form(topic: address.name, "GetTopicAttributes"))
      guard XMLAnswer.isAttributes(answer.body) else { throw .breach(.sns) }
    }
  }

  private func lookForLimit() async {
    guard address.service == .sqs else { return }
    try? await look()
  }
}

/// A sink that sends to a queue of SQS or a topic of SNS.
public typealias AWSSink = KeyedSink<AWSPublisher>
