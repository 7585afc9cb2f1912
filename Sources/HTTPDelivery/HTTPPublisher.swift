public import Delivery
public import PostgresWire

/// Posts events to a receiver.
public final class HTTPPublisher: Publisher {
  private let configuration: HTTPConfiguration
  private let credentials: HTTPCredentials
  private let transport: HTTPTransport

  /// Makes a publisher: reads certificates and credentials. Nothing is sent before there are events.
  public init(_ configuration: HTTPConfiguration) throws(Failure) {
    self.configuration = configuration
    credentials = try HTTPCredentials(configuration.credentials)
    transport = try HTTPTransport(configuration)
  }

  /// The address, without user, password and query.
  public var destination: String { configuration.url.withoutSecrets }

  /// Posts the events in one request: one event, or in batch mode several.
  public func publish(_ events: [OutgoingEvent]) async -> Attempt {
    var message = HTTPMessage(events, mode: configuration.mode)
    if configuration.compresses { message.compress() }
    let extra = headers(HTTPMessage.id(events), message)
    switch await transport.post(message, extra: extra) {
    case .answer(let status, let retryAfter):
      let trouble = Attempt.Trouble("status \(status)", status: status)
      switch configuration.answers.meaning(of: status) {
      case .delivered: return Attempt(.together(.published))
      case .retry: return Attempt(.together(.retry(trouble)), retryAfter: retryAfter)
      case .refused: return Attempt(.together(.refused(trouble)))
      }
    case .failed(let why): return Attempt(.together(.retry(.init(why))))
    case .hopeless(let why, let advice):
      return Attempt(.together(.stop(Failure(.receiver, "\(destination): \(why)", advice: advice))))
    }
  }

  /// Asks the receiver which methods it has: any answer shows that it is there and that its certificate is to be trusted.
  public func check() async throws(Failure) {
    switch await transport.ask(credentials.requestHeaders()) {
    case .answer: return
    case .failed(let why): throw Failure(.receiver, "\(destination): \(why)")
    case .hopeless(let why, let advice): throw Failure(.receiver, "\(destination): \(why)", advice: advice)
    }
  }

  /// Closes the connections.
  public func close() { transport.close() }

  private func headers(_ id: String, _ message: HTTPMessage) -> [(String, String)] {
    var headers = credentials.requestHeaders()
    if configuration.sendsIdempotencyKey { headers.append(("idempotency-key", id)) }
    if let signing = credentials.signing {
      headers += signing.headers(id: id, unixSeconds: PostgresTimestamp.now.unixSeconds, body: message.body)
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
