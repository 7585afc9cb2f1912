// SPDX-License-Identifier: Apache-2.0

import Files
package import PostgresWire

/// Trying again what fails in a way that may heal, such as a table whose server starts again, instead of giving up.
package struct Patience: Sendable {
  private static let pauses = (first: Duration.milliseconds(200), longest: Duration.seconds(5))
  /// How long what is waited for is told of again at first, and at most.
  private static let reminders = (first: Duration.seconds(10), longest: Duration.seconds(600))
  private static let look = Duration.milliseconds(100)

  private let retries: Bool
  package let isCancelled: @Sendable () -> Bool
  private let onWait: @Sendable (Failure) -> Void

  /// - Parameters:
  ///   - retries: whether to try again at all.
  ///   - isCancelled: asked now and then: true gives up.
  ///   - onWait: told of the first failure, of any of another kind, and else after ever longer times.
  package init(
    retries: Bool = true, isCancelled: @escaping @Sendable () -> Bool, onWait: @escaping @Sendable (Failure) -> Void
  ) {
    self.retries = retries
    self.isCancelled = isCancelled
    self.onWait = onWait
  }

  /// Does something until it is done, or cannot heal. Blocks.
  package func perform<Value>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
    var pause = Self.pauses.first
    var (told, next, reminder): (Failure?, ContinuousClock.Instant, Duration) = (nil, .now, Self.reminders.first)
    while true {
      do throws(Failure) { return try body() } catch {
        guard retries, error.isRetryable, !isCancelled() else { throw error }
        if told?.kind != error.kind || told?.sqlState != error.sqlState || next <= .now {
          onWait(error)
          if told != nil { reminder = min(reminder * 2, Self.reminders.longest) }
          (told, next) = (error, .now + reminder)
        }
      }
      let end = ContinuousClock.now + pause
      while !isCancelled(), case let left = end - .now, left > .zero { Wakeup.sleep(min(left, Self.look)) }
      pause = min(pause * 2, Self.pauses.longest)
    }
  }
}
