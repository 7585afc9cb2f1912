import Delivery
import Synchronization

/// A batch whose events are delivered one by one, and whoever waits for the last of them.
final class BatchInFlight: Sendable {
  let batch: EventBatch
  private let state: Mutex<State>

  private struct State {
    var remaining: Int
    var continuation: CheckedContinuation<Result<Void, SinkError>, Never>?
  }

  init(_ batch: EventBatch, _ continuation: CheckedContinuation<Result<Void, SinkError>, Never>) {
    self.batch = batch
    state = Mutex(State(remaining: batch.events.count, continuation: continuation))
  }

  /// So many more events are where they belong; true when these were the last.
  func finish(_ count: Int) -> Bool {
    let (isComplete, continuation) = state.withLock { state in
      state.remaining -= count
      return (state.remaining == 0, state.remaining == 0 ? state.continuation.take() : nil)
    }
    continuation?.resume(returning: .success(()))
    return isComplete
  }

  /// The rest will not be delivered.
  func fail(_ error: SinkError) {
    state.withLock { $0.continuation.take() }?.resume(returning: .failure(error))
  }
}
