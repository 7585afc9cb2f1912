// SPDX-License-Identifier: Apache-2.0

import Delivery
import Dispatch
import Synchronization

/// Closes a sink when its stream is lost: at once when another client has the slot, else after a while. Whoever lost the slot
/// must not go on sending beside its new owner.
final class SinkGate: Sendable {
  private struct State {
    var isClosed = false
    /// Counts disconnections and reconnections, so that a timer knows its own.
    var turn = 0
  }

  let sink: any Sink
  private let state = Mutex(State())
  /// Held while the sink is being closed, so that nobody goes on before it is.
  private let closing = Mutex(())

  init(_ sink: any Sink) {
    self.sink = sink
  }

  /// Whether the sink takes nothing any more.
  var isClosed: Bool { state.withLock(\.isClosed) }

  /// The stream is lost: the sink may go on for so long.
  func disconnect(grace: Duration) {
    let turn = state.withLock { state in
      state.turn += 1
      return state.turn
    }
    let (seconds, attoseconds) = grace.components
    let delay = DispatchTimeInterval.milliseconds(Int(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    DispatchQueue.global().asyncAfter(deadline: .now() + delay) { [weak self] in
      self?.close(onlyIn: turn)
    }
  }

  /// The stream is there again; false when the sink has been closed meanwhile.
  func reconnect() -> Bool {
    closing.withLock { _ in
      state.withLock { state in
        state.turn += 1
        return !state.isClosed
      }
    }
  }

  /// Closes the sink, once.
  func close() { close(onlyIn: nil) }

  private func close(onlyIn turn: Int?) {
    closing.withLock { _ in
      let mustClose = state.withLock { state in
        guard !state.isClosed, turn == nil || turn == state.turn else { return false }
        state.isClosed = true
        return true
      }
      if mustClose { sink.close() }
    }
  }
}
