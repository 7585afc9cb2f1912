// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How large messages may be. Source: Amazon SQS Developer Guide, "Message quotas"; AWS General Reference, "Amazon SNS endpoints
/// and quotas".
final class MessageLimits: Sendable {
  /// The most messages in a request.
  static let entries = 10
  /// No queue has a lower limit than this, in bytes.
  private static let least = 1024
  /// So long a queue's own limit is believed that would refuse an event.
  private static let patience: Duration = .seconds(10)

  /// The most bytes of a request's messages together, and of any one.
  let batch: Int
  private let own = Mutex<(size: Int?, seen: ContinuousClock.Instant?)>((nil, nil))

  init(_ service: AWSAddress.Service) { batch = service == .sqs ? 1 << 20 : 256 << 10 }

  /// A queue has told its own limit. One that no queue can have is not believed.
  func learn(_ size: Int?) { own.withLock { $0 = (size.flatMap { $0 < Self.least ? nil : $0 }, .now) } }

  /// The most that a message may have. Where it may be less than this one has, the queue is looked at first.
  func longest(for size: Int, _ look: () async -> Void) async -> Int {
    guard size > Self.least, size <= batch else { return batch }
    let (known, seen) = own.withLock { $0 }
    let isOld = seen.map { ContinuousClock.now - $0 > Self.patience } ?? true
    if isOld, known.map({ size > $0 }) ?? (seen == nil) {
      await look()
      own.withLock { if $0.seen == seen { $0.seen = .now } }
    }
    return min(batch, own.withLock(\.size) ?? batch)
  }
}
