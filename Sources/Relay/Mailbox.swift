import Delivery
import Files
import PostgresWire
import Synchronization

/// The sink's answers, which come on whatever thread.
final class Mailbox: Sendable {
  /// What became of a batch.
  struct Answer: Sendable {
    let number: Int
    let failure: Failure?
  }

  private struct State {
    var answers: [Answer] = []
    /// The relay is submitting, and looks here when it has.
    var isSubmitting = false
  }

  private let state = Mutex(State())
  private let wakeup: Wakeup

  init(_ wakeup: Wakeup) {
    self.wakeup = wakeup
  }

  /// Gives a batch to a sink; its answer comes here, perhaps at once.
  func submit(_ batch: EventBatch, _ number: Int, to sink: any Sink) {
    state.withLock { $0.isSubmitting = true }
    sink.submit(batch) { failure in self.post(Answer(number: number, failure: failure)) }
    state.withLock { $0.isSubmitting = false }
  }

  /// Takes an answer in and wakes who waits for it.
  func post(_ answer: Answer) {
    let mustWake = state.withLock { state in
      state.answers.append(answer)
      return !state.isSubmitting
    }
    if mustWake { wakeup.signal() }
  }

  /// The answers since the last call.
  func take() -> [Answer] {
    state.withLock { state in
      if state.answers.isEmpty { return [] }
      defer { state.answers.removeAll(keepingCapacity: true) }
      return state.answers
    }
  }
}
