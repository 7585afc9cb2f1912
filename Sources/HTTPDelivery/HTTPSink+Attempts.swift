import Delivery
import IntegrationEvents
import PostgresWire
import Synchronization

/// One parcel's way through attempts, pauses, splitting and dead letters.
extension HTTPSink {
  /// Why a piece of a parcel is given up.
  private struct Refusal {
    let reason: String
    let status: Int?
    let attempts: Int
    let first: Int64
  }

  /// Sees a parcel through. It holds one of the places for requests except while it pauses.
  func run(_ parcel: DeliveryScheduler.Parcel) async {
    // The last piece is next. A refused piece is split in two until the one event to blame is found.
    var pieces = [parcel.items[...]]
    while let piece = pieces.popLast() {
      if state.withLock({ $0.failure != nil }) { break }
      let free = await parkedRemoved(piece)
      guard !free.isEmpty else { continue }
      guard let refusal = await send(free) else { continue }
      if free.count > 1, refusal.status != nil {
        let middle = free.startIndex + free.count / 2
        pieces.append(free[middle...])
        pieces.append(free[..<middle])
      } else {
        await giveUp(free, refusal)
      }
    }
    state.withLock { state in
      state.running -= 1
      state.scheduler.finish(parcel)
    }
    pump()
  }

  /// Tries until the receiver has the piece, or refuses it; nil for the former, or when the sink has stopped.
  private func send(_ items: ArraySlice<DeliveryScheduler.Item>) async -> Refusal? {
    var message = HTTPMessage(Array(items), mode: configuration.mode)
    if configuration.compresses { message.compress() }
    let id = HTTPMessage.id(Array(items))
    let first = PostgresTimestamp.now.unixSeconds
    var attempts = 0
    while true {
      attempts += 1
      let start = ContinuousClock.now
      let outcome = await transport.post(message, extra: headers(id, message))
      var reason: String
      var status: Int?
      var wait: Duration?
      switch outcome {
      case .answer(let code, let retryAfter):
        switch configuration.retry.verdict(on: code) {
        case .delivered:
          succeeded(items, in: .now - start)
          return nil
        case .refused: return Refusal(reason: "status \(code)", status: code, attempts: attempts, first: first)
        case .retry: (reason, status, wait) = ("status \(code)", code, retryAfter)
        }
      case .hopeless(let why):
        fail(SinkError(.misconfigured, "\(configuration.url.withoutSecrets): \(why)"))
        return nil
      case .failed(let why): reason = why
      }
      if let maximum = configuration.retry.maximumAttempts, attempts >= maximum {
        return Refusal(reason: "given up: \(reason)", status: status, attempts: attempts, first: first)
      }
      guard await pause(afterFailures: attempts, since: start, retryAfter: wait) else { return nil }
    }
  }

  private func headers(_ id: String, _ message: HTTPMessage) -> [(String, String)] {
    var headers = configuration.credentials.requestHeaders()
    if configuration.sendsIdempotencyKey { headers.append(("idempotency-key", id)) }
    if let signing = configuration.credentials.signing {
      headers += signing.headers(id: id, unixSeconds: PostgresTimestamp.now.unixSeconds, body: message.body)
    }
    return headers
  }

  private func succeeded(_ items: ArraySlice<DeliveryScheduler.Item>, in duration: Duration) {
    state.withLock { state in
      state.limit.succeeded(in: duration)
      state.failuresInARow = 0
    }
    finish(items)
  }

  private func finish(_ items: ArraySlice<DeliveryScheduler.Item>) {
    for item in items where item.batch.finish(1) {
      state.withLock { _ = $0.batches.removeValue(forKey: ObjectIdentifier(item.batch)) }
    }
  }

  /// Gives its place away and waits; false when the sink has stopped meanwhile.
  ///
  /// A `Retry-After` holds for the whole receiver, and so does a pause when nothing at all has succeeded lately.
  private func pause(
    afterFailures failures: Int, since start: ContinuousClock.Instant, retryAfter: Duration?
  ) async -> Bool {
    let own = configuration.retry.pause(afterFailures: failures)
    state.withLock { state in
      state.running -= 1
      state.limit.failed()
      let isNew = state.lastFailure.map { start > $0 } ?? true
      if isNew {
        state.failuresInARow += 1
        state.lastFailure = .now
      }
      let common =
        retryAfter.map { min($0, configuration.retry.longestRetryAfter) }
        ?? (isNew && state.failuresInARow > 3
          ? configuration.retry.pause(afterFailures: state.failuresInARow - 3) : .zero)
      if common > .zero { state.pausedUntil = max(state.pausedUntil ?? .now, .now + common) }
    }
    pump()
    try? await Task.sleep(for: own)
    await withCheckedContinuation { continuation in
      state.withLock { $0.resuming.append(continuation) }
      pump()
    }
    return state.withLock { $0.failure == nil }
  }

  /// A refused event stops the sink or becomes a dead letter, as the operator has chosen.
  private func giveUp(_ items: ArraySlice<DeliveryScheduler.Item>, _ refusal: Refusal) async {
    for item in items {
      let letter = DeadLetter(
        event: item.line, id: item.text(item.event.id), key: item.text(item.event.key), position: item.event.position,
        reason: refusal.reason, status: refusal.status, attempts: refusal.attempts, firstAttempt: refusal.first,
        lastAttempt: PostgresTimestamp.now.unixSeconds, sink: configuration.url.withoutSecrets)
      do throws(SinkError) {
        try await deadLetters.accept([letter])
      } catch {
        return fail(error)
      }
      finish([item][...])
    }
  }

  /// Events whose key is parked follow the letter that parked it; the others are left.
  private func parkedRemoved(
    _ items: ArraySlice<DeliveryScheduler.Item>
  ) async -> ArraySlice<DeliveryScheduler.Item> {
    guard deadLetters.parksKeys else { return items }
    var free: [DeliveryScheduler.Item] = []
    for item in items {
      let now = PostgresTimestamp.now.unixSeconds
      let letter = DeadLetter(
        event: item.line, id: item.text(item.event.id), key: item.text(item.event.key), position: item.event.position,
        reason: "parked behind an earlier event of its key", status: nil, attempts: 0, firstAttempt: now,
        lastAttempt: now, sink: configuration.url.withoutSecrets)
      do throws(SinkError) {
        if try await deadLetters.park(letter) { finish([item][...]) } else { free.append(item) }
      } catch {
        fail(error)
        return []
      }
    }
    return free[...]
  }
}

extension DeliveryScheduler.Item {
  /// The event without its newline.
  var line: String { String(decoding: batch.batch.bytes[event.line.dropLast()], as: UTF8.self) }

  /// A piece of the event, unescaped.
  func text(_ range: Range<Int>) -> String {
    let bytes = batch.batch.bytes
    var text: [UInt8] = []
    _ = unsafe text.appendUnescaped(bytes.span.bytes, range)
    return String(decoding: text, as: UTF8.self)
  }
}

extension String {
  /// A URL as it may be shown: without user, password and query.
  var withoutSecrets: String {
    var url = self[...]
    if let query = url.firstIndex(of: "?") { url = url[..<query] }
    guard let scheme = url.firstRange(of: "://") else { return String(url) }
    let rest = url[scheme.upperBound...]
    let end = rest.firstIndex(of: "/") ?? rest.endIndex
    guard let at = rest[..<end].lastIndex(of: "@") else { return String(url) }
    return String(url[..<scheme.upperBound] + rest[rest.index(after: at)...])
  }
}
