import Delivery
import Files
import Synchronization

/// Batches on their way through the sink, and the answers that come back on other threads.
final class Deliveries: Sendable {
  /// What became of a batch.
  struct Answer: Sendable {
    let number: Int
    /// The batch, to be used again.
    let batch: EventBatch
    let failure: SinkError?
  }

  private let answers = Mutex<[Answer]>([])
  private let sink: any Sink
  private let wakeup: Wakeup

  init(_ sink: any Sink, _ wakeup: Wakeup) {
    self.sink = sink
    self.wakeup = wakeup
  }

  /// Gives a batch to the sink. It runs here until it first has to wait, so that batches keep their order.
  func start(_ number: Int, _ batch: EventBatch) {
    Task.immediate {
      var failure: SinkError?
      do throws(SinkError) { try await sink.deliver(batch) } catch { failure = error }
      let answer = Answer(number: number, batch: batch, failure: failure)
      answers.withLock { $0.append(answer) }
      wakeup.signal()
    }
  }

  /// The answers since the last call.
  func take() -> [Answer] {
    answers.withLock { answers in
      if answers.isEmpty { return [] }
      defer { answers.removeAll(keepingCapacity: true) }
      return answers
    }
  }
}
