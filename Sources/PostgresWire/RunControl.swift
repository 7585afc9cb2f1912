// SPDX-License-Identifier: Apache-2.0

package import Files
import Synchronization

/// What other threads, such as signal handlers, can ask of whoever drives a source.
public final class RunControl: Sendable {
  package let wakeup = Wakeup()
  private let isStopping = Atomic(false)
  private let stopped = Mutex<ContinuousClock.Instant?>(nil)
  private let reopening = Atomic(false)
  private let reporting = Atomic(false)

  /// Makes a control.
  public init() {}

  /// Asks for an orderly end: what has been read is delivered and confirmed.
  public func stop() {
    stopped.withLock { $0 = $0 ?? .now }
    isStopping.store(true, ordering: .releasing)
    wakeup.signal()
  }

  /// Asks the sink to start a new output.
  public func reopen() {
    reopening.store(true, ordering: .releasing)
    wakeup.signal()
  }

  /// Whether an orderly end has been asked for.
  public var isStopRequested: Bool { isStopping.load(ordering: .acquiring) }

  /// Whether an orderly end was asked for so long ago.
  public func isStopRequested(since patience: Duration) -> Bool {
    isStopRequested && stopped.withLock { $0.map { ContinuousClock.now - $0 >= patience } ?? false }
  }

  /// Waits for what a source polls, a request, or the end of the time; nil waits without end.
  package func wait(for request: PollDescriptor?, atMost duration: Duration?) {
    wakeup.wait(for: request?.descriptor, orWriting: request?.wantsWrite ?? false, atMost: duration)
  }

  /// Asks how things stand, to be told as soon as it can be.
  package func askForStatus() {
    reporting.store(true, ordering: .releasing)
    wakeup.signal()
  }

  package func takeStatusRequest() -> Bool {
    reporting.load(ordering: .relaxed) && reporting.exchange(false, ordering: .acquiringAndReleasing)
  }

  /// Whether a new output has been asked for, and the request not been taken yet.
  package var isReopenRequested: Bool { reopening.load(ordering: .acquiring) }

  package func takeReopen() -> Bool { reopening.exchange(false, ordering: .acquiringAndReleasing) }
}
