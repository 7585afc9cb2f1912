// SPDX-License-Identifier: Apache-2.0

package import Dispatch
import Synchronization

/// Does one thing after another, on a thread of its own: things that may block for long, as a disk does.
///
/// The thread is there while there is something to do, and some seconds longer. Where the system has none for us, whoever asks
/// does it on the spot: slower, and better than never.
package final class OwnQueue: Sendable {
  private enum Worker {
    case none
    case busy
    /// It waits to be woken.
    case idle
  }

  private struct State {
    var tasks: [@Sendable () -> Void] = []
    var worker = Worker.none
  }

  private let patience: DispatchTimeInterval
  private let state = Mutex(State())
  private let more = DispatchSemaphore(value: 0)

  /// Makes a queue, which has no thread yet.
  ///
  /// - Parameter patience: how long its thread waits for something to do.
  package init(patience: DispatchTimeInterval = .seconds(5)) { self.patience = patience }

  /// Does something behind what is there already.
  package func async(_ body: @escaping @Sendable () -> Void) {
    let worker = state.withLock { state in
      state.tasks.append(body)
      defer { state.worker = .busy }
      return state.worker
    }
    switch worker {
    case .none: if OwnThread.start({ self.work() }) != nil { while perform(then: .none) {} }
    case .busy: break
    case .idle: more.signal()
    }
  }

  private func work() {
    while true {
      if perform(then: .idle) { continue }
      guard more.wait(timeout: .now() + patience) == .timedOut else { continue }
      let isOver = state.withLock { state in
        guard state.worker == .idle else { return false }
        state.worker = .none
        return true
      }
      if isOver { return }
      // Somebody has come at the last moment, whose signal is there or on its way.
      more.wait()
    }
  }

  /// Does what there is; false when there was nothing, and the worker is something else from now on.
  private func perform(then next: Worker) -> Bool {
    let tasks = state.withLock { state in
      if state.tasks.isEmpty { state.worker = next }
      defer { state.tasks = [] }
      return state.tasks
    }
    for task in tasks { task() }
    return !tasks.isEmpty
  }
}
