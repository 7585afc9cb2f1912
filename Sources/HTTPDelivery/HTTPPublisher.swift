// SPDX-License-Identifier: Apache-2.0

import Connections
public import Delivery
import Digests
public import PostgresWire
import Synchronization

/// Posts events to a receiver.
public final class HTTPPublisher: Publisher {
  private let configuration: HTTPConfiguration
  private let credentials: HTTPCredentials
  private let transport: RenewedTransport
  /// Whether the receiver has taken something.
  private let hasDelivered: Atomic<Bool>

  /// Makes a publisher: reads certificates and credentials. Nothing is sent before there are events.
  public init(_ configuration: HTTPConfiguration) throws(Failure) {
    let address: HTTPAddress
    do { address = try HTTPAddress(configuration.url) } catch { throw .setting("sink", Wording("\(error)")) }
    try EventLoops.prepare()
    let credentials = try HTTPCredentials(configuration.credentials, user: address.user)
    let transport = try RenewedTransport(configuration, address)
    // All at once: the compiler ends at an error that would leave the atomic alone in here.
    (self.configuration, self.credentials, self.transport) = (configuration, credentials, transport)
    hasDelivered = Atomic(false)
  }

  /// The address, without user, password and query.
  public var destination: String { configuration.url.withoutSecrets }

  /// Files that have changed and cannot be used.
  public var complaints: [String: String] { credentials.complaints.merging(transport.complaints) { first, _ in first } }

  /// Looks whether there are other certificates now.
  public func renew() { _ = transport.renew(transport.current) }

  /// Posts the events in one request: one event, or in batch mode several.
  public func publish(_ events: [OutgoingEvent]) async -> Attempt {
    var message: HTTPMessage
    do { message = try HTTPMessage(events, mode: configuration.mode) } catch {
      return Attempt(.together(.refused(.init(error.reason))))
    }
    if configuration.compresses { message.compress() }
    let extra: [(String, String)]
    do { extra = try headers(RequestID.of(events), message, credentials.proof()) } catch {
      return Attempt(.together(.retry(.init("libcrypto computes no SHA-256 here: see openssl list -providers"))))
    }
    let used = transport.current
    switch await used.post(message, extra: extra) {
    case .answer(let answer): return attempt(answer, from: used)
    case .failed(let why):
      _ = transport.renew(used)
      return Attempt(.together(.retry(.init(why + transport.way))))
    case .unpostable(let why): return Attempt(.together(.refused(.init(why))))
    case .hopeless(let why, let advice): return stop(why, advice)
    case .untrusted(let why, let advice):
      // A receiver that took events is one: this may be somebody in between, who must not be able to end us.
      let isKnown = hasDelivered.load(ordering: .relaxed)
      guard transport.renew(used) || isKnown else { return stop(why, advice) }
      return Attempt(
        .together(.retry(.init(why + transport.way, concernsReceiver: true))),
        remark: isKnown ? "\(why)\(transport.way); it has taken events before, so it is tried again" : nil)
    }
  }

  private func stop(_ why: String, _ advice: Wording?) -> Attempt {
    Attempt(.together(.stop(Failure(.receiver, "\(destination): \(why)\(transport.way)", advice: advice))))
  }

  private func attempt(_ answer: HTTPTransport.Answer, from used: HTTPTransport) -> Attempt {
    let (status, remark) = (answer.status, answer.remark)
    let trouble = Attempt.Trouble("status \(status)", status: status)
    switch configuration.answers.meaning(of: status) {
    case .delivered:
      hasDelivered.store(true, ordering: .relaxed)
      return Attempt(.together(.published), remark: remark)
    case .retry: return Attempt(.together(.retry(trouble)), retryAfter: answer.retryAfter, remark: remark)
    case .misdirected:
      _ = transport.renew(used)
      let trouble = Attempt.Trouble(
        "status \(status)", status: status, concernsReceiver: true,
        hint: AnswerPolicy.hint(for: status, location: answer.location, isProved: credentials.areThere))
      return Attempt(.together(.retry(trouble)), retryAfter: answer.retryAfter, remark: remark)
    case .refused: return Attempt(.together(.refused(trouble)), remark: remark)
    case .gone:
      return Attempt(
        .together(
          .stop(
            Failure(
              .receiverGone, "\(destination): status 410: the receiver says that it is gone for good",
              advice: "give the address of another receiver"))))
    }
  }

  /// Asks the receiver which methods it has: any answer shows that it is there and that its certificate is to be trusted.
  public func check() async throws(Failure) {
    switch await transport.current.ask(credentials.proof().headers) {
    case .answer: return
    case .failed(let why), .unpostable(let why): throw Failure(.receiver, "\(destination): \(why)\(transport.way)")
    case .hopeless(let why, let advice), .untrusted(let why, let advice):
      throw Failure(.receiver, "\(destination): \(why)\(transport.way)", advice: advice)
    }
  }

  /// Closes the connections.
  public func close() { transport.close() }

  private func headers(
    _ id: String, _ message: HTTPMessage, _ proof: HTTPCredentials.Proof
  ) throws(SHA256.Unavailable) -> [(String, String)] {
    var headers = proof.headers.map { ($0.name, $0.value) }
    if configuration.sendsIdempotencyKey { headers.append(("idempotency-key", id)) }
    if let signing = proof.signing {
      let bodies = [message.body] + (message.plainBody.map { [$0] } ?? [])
      headers += try signing.headers(id: id, unixSeconds: PostgresTimestamp.now.unixSeconds, bodies: bodies)
    }
    return headers
  }
}

/// A sink that posts to a receiver.
public typealias HTTPSink = KeyedSink<HTTPPublisher>

extension KeyedSink where P == HTTPPublisher {
  /// Makes a sink that posts; in batch mode an attempt holds several events.
  public convenience init(
    _ configuration: HTTPConfiguration, _ delivery: KeyedDelivery = KeyedDelivery(), deadLetters: DeadLetterOffice
  ) throws(Failure) {
    var delivery = delivery
    if configuration.mode != .batch { delivery.attemptEvents = 1 }
    self.init(try HTTPPublisher(configuration), delivery, deadLetters: deadLetters)
  }
}
