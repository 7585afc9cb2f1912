// SPDX-License-Identifier: Apache-2.0

import Files
import IntegrationEvents
import PostgresWire
import Synchronization

/// The state beside an output file. It changes at rotations and when a position is about to be confirmed, on two threads.
final class StateFile: Sendable {
  private let path: String
  private let content: Mutex<(state: FileSinkState, isOurs: Bool, isCleared: Bool)>

  init(_ path: String, _ state: FileSinkState) {
    self.path = path
    content = Mutex((state, true, false))
  }

  var current: FileSinkState { content.withLock(\.state) }

  /// Changes the state, durably, or leaves it as it was. After `close` it does nothing.
  func update(_ change: @Sendable (inout FileSinkState) -> Void) throws(SystemFailure) {
    try content.withLock { (content) throws(SystemFailure) in
      var changed = content.state
      change(&changed)
      guard content.isOurs, changed != content.state else { return }
      // Once, for what was left by those who died.
      try AtomicFile.write(changed.text, to: path, isShared: !content.isCleared)
      (content.state, content.isCleared) = (changed, true)
    }
  }

  /// Takes in how far the file has come, to be kept with the next position.
  func note(size: Int64, newest: EventPosition?) {
    content.withLock { content in
      content.state.size = size
      content.state.newest = newest
    }
  }

  /// Changes nothing any more.
  func close() { content.withLock { $0.isOurs = false } }
}
