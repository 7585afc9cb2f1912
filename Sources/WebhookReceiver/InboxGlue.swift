// SPDX-License-Identifier: Apache-2.0

public import Inbox
public import SQLTransactions
public import Webhooks

/// What is answered to an event before which something is missing.
public enum GapAnswer: Hashable, Sendable {
  /// 422: it becomes a dead letter, as what is missing probably has, and is redriven behind it.
  case refused
  /// 503: it comes again, and waits for what is missing. Everything behind it waits too.
  case later
}

extension WebhookAnswering {
  /// Answers requests by giving their events to an inbox, each in a transaction of its own.
  ///
  /// Done, duplicate and ignored are 204. An `EventRefusal` is 422. Whatever else is thrown is 503 with `Retry-After`: the database
  /// is down, a commit failed or its answer was lost, and the event comes again and finds what there is.
  ///
  /// - Parameters:
  ///   - gaps: what is answered to an event that does not follow the last of its aggregate.
  ///   - transaction: runs a body in a new transaction, and commits it unless the body throws. It returns when the commit is durable.
  public init<Transaction: SQLTransaction & SendableMetatype>(
    _ reading: WebhookReading, into inbox: Inbox, _ handlers: EventHandlers<Transaction>, gaps: GapAnswer = .refused,
    transaction:
      @escaping @Sendable (
        _ body: @escaping @Sendable (inout Transaction) async throws -> InboxResult
      ) async throws -> InboxResult
  ) {
    self.init(reading) { event in
      let result = try await transaction { transaction in
        try await inbox.handle(event, with: handlers, in: &transaction)
      }
      guard case .outOfOrder(let gap) = result else { return .done }
      let reason = "version \(gap.found) does not follow \(gap.last.map { "\($0)" } ?? "the last one")"
      switch gaps {
      case .refused: return .refused(reason)
      case .later: return .unavailable(reason, retryAfter: 5)
      }
    }
  }
}
