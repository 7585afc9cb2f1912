// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents

/// What became of one event.
public enum WebhookOutcome: Hashable, Sendable {
  /// Its effect is there, or was there before, or there is none to be.
  case done
  /// It will never be taken: whoever sent it keeps it as a dead letter.
  case refused(String)
  /// It may be taken later, in so many seconds at the earliest.
  case unavailable(String, retryAfter: Int)
}

/// What a request is answered with.
public struct WebhookAnswer: Hashable, Sendable {
  /// The status code.
  public var status: Int
  /// Further header fields, named in lower case.
  public var fields: [WebhookRequest.Field] = []
  /// The body: why it was not taken, as RFC 9457 has it; empty for 204.
  public var body: [UInt8] = []

  /// Everything was taken.
  static let taken = WebhookAnswer(status: 204)

  private init(status: Int) { self.status = status }

  /// The answer to what was not taken. Of a batch it names the event: `index`, and `id` where it has one. One of 503 always has
  /// `Retry-After`, 5 seconds unless another time is given.
  public init(_ refusal: WebhookRefusal, retryAfter: Int? = nil) {
    status = refusal.kind.rawValue
    var text = "{\"status\":\(status),\"detail\":\(JSONText.string(refusal.reason))"
    if let blame = refusal.blame {
      text += ",\"index\":\(blame.index)"
      if let id = blame.id { text += ",\"id\":\(JSONText.string(id))" }
    }
    body = Array((text + "}").utf8)
    fields = [.init("content-type", "application/problem+json")]
    if let retryAfter = retryAfter ?? (refusal.kind == .unavailable ? 5 : nil) {
      fields.append(.init("retry-after", "\(max(0, retryAfter))"))
    }
  }
}

/// Answers requests: reads each, and gives its events to whoever handles them, one after another.
public struct WebhookAnswering: Sendable {
  /// Handles one event.
  public typealias Handler = @Sendable (ReceivedEvent) async throws -> WebhookOutcome

  /// How requests are read.
  public var reading: WebhookReading
  /// What `Retry-After` says where a handler throws, or nothing can be verified: 5 seconds.
  public var retryAfter = 5
  /// Is told each refusal, and what a handler has thrown that was answered 503, which the answer does not say. Whoever sends need
  /// not read answers: log it here.
  public var onRefusal: (@Sendable (WebhookRefusal, (any Error)?) -> Void)?

  private let handler: Handler

  /// Makes one. What the handler throws is answered 503, but an `EventRefusal`, which is final: 422.
  public init(_ reading: WebhookReading, handler: @escaping Handler) {
    (self.reading, self.handler) = (reading, handler)
  }

  /// Answers a request. A batch is taken when each of its events is done; the first that is not is named, and those after it are
  /// not handled. Those before it are done, so that they are doubles when the batch comes again. Each is read before the first is
  /// handled: where one makes no sense, none is.
  public func answer(_ request: WebhookRequest, unixSeconds: Int64) async -> WebhookAnswer {
    let events: [ReceivedEvent]
    do throws(WebhookRefusal) {
      events = try reading.events(of: request, unixSeconds: unixSeconds)
    } catch {
      return answer(error, retryAfter: error.kind == .unavailable ? retryAfter : nil)
    }
    for (index, event) in events.enumerated() {
      let blame = WebhookRefusal.Blame(index: index, id: event.id)
      var thrown: (any Error)?
      let outcome: WebhookOutcome
      do {
        outcome = try await handler(event)
      } catch let refusal as EventRefusal {
        outcome = .refused(refusal.reason)
      } catch {
        thrown = error
        // What was thrown may say what a stranger must not read.
        outcome = .unavailable("it cannot be taken now", retryAfter: retryAfter)
      }
      switch outcome {
      case .done: continue
      case .refused(let reason): return answer(WebhookRefusal(.refused, reason, blame: blame))
      case .unavailable(let reason, let seconds):
        return answer(WebhookRefusal(.unavailable, reason, blame: blame), thrown, retryAfter: seconds)
      }
    }
    return .taken
  }

  private func answer(
    _ refusal: WebhookRefusal, _ thrown: (any Error)? = nil, retryAfter: Int? = nil
  ) -> WebhookAnswer {
    onRefusal?(refusal, thrown)
    return WebhookAnswer(refusal, retryAfter: retryAfter)
  }
}
