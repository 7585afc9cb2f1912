public import PostgresWire
import Synchronization

/// The batches of a sink that are not done yet, so that each is told its fate exactly once.
public final class OpenBatches: Sendable {
  private struct State {
    var open: [Int: Sink.Done] = [:]
    var next = 0
    /// Why no batch will be done any more.
    var failure: Failure?
  }

  private let state = Mutex(State())

  /// Makes a register without batches.
  public init() {}

  /// Why no batch will be done any more; nil while that is open.
  public var failure: Failure? { state.withLock(\.failure) }

  /// Takes a batch in; gives the number it is known by, or nil when it has been told already that it will not be done.
  public func open(_ done: @escaping Sink.Done) -> Int? {
    let (number, failure) = state.withLock { state -> (Int, Failure?) in
      let number = state.next
      if state.failure == nil {
        state.next += 1
        state.open[number] = done
      }
      return (number, state.failure)
    }
    guard let failure else { return number }
    done(failure)
    return nil
  }

  /// A batch is durable. Nothing happens if it has been told its fate already.
  public func finish(_ number: Int) {
    state.withLock { $0.open.removeValue(forKey: number) }?(nil)
  }

  /// No batch that is open now, or comes later, will be done; of several failures the first one counts.
  public func fail(_ error: Failure) {
    let open = state.withLock { state -> [(Int, Sink.Done)] in
      state.failure = state.failure ?? error
      defer { state.open = [:] }
      return state.open.sorted { $0.key < $1.key }
    }
    for (_, done) in open { done(error) }
  }
}
