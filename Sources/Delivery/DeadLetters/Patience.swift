import Files
package import PostgresWire

/// Trying again what fails in a way that may heal, such as a table whose server starts again, instead of giving up.
package struct Patience: Sendable {
  private static let pauses = (first: Duration.milliseconds(200), longest: Duration.seconds(5))
  private static let look = Duration.milliseconds(100)

  private let retries: Bool
  private let isCancelled: @Sendable () -> Bool
  private let onWait: @Sendable (Failure) -> Void

  /// - Parameters:
  ///   - retries: whether to try again at all.
  ///   - isCancelled: asked now and then: true gives up.
  ///   - onWait: told before each pause.
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
    while true {
      do throws(Failure) { return try body() } catch {
        guard retries, error.isRetryable, !isCancelled() else { throw error }
        onWait(error)
      }
      let end = ContinuousClock.now + pause
      while !isCancelled(), case let left = end - .now, left > .zero { Wakeup.sleep(min(left, Self.look)) }
      pause = min(pause * 2, Self.pauses.longest)
    }
  }
}
