import Files
import PostgresWire
import Synchronization

/// The state beside an output file. It changes at rotations and when a position is about to be confirmed, on two threads.
final class StateFile: Sendable {
  private let path: String
  private let state: Mutex<FileSinkState>

  init(_ path: String, _ state: FileSinkState) {
    self.path = path
    self.state = Mutex(state)
  }

  var current: FileSinkState { state.withLock { $0 } }

  /// Changes the state, durably, or leaves it as it was.
  func update(_ change: @Sendable (inout FileSinkState) -> Void) throws(SystemFailure) {
    try state.withLock { (state) throws(SystemFailure) in
      var changed = state
      change(&changed)
      guard changed != state else { return }
      try AtomicFile.write(changed.text, to: path)
      state = changed
    }
  }
}
