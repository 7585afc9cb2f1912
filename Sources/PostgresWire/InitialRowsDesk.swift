// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Between the source of the rows that were there before a slot and whoever keeps how far they are: what the source wants on record
/// before it goes on, and what is known to be delivered.
package final class InitialRowsDesk: Sendable {
  private struct State {
    var known: InitialRows?
    var proposed: InitialRows?
    var settled: UInt64 = 0
    var commit: LSN?
    var isHeld = false
    var wait = LongWait()
  }

  private let state = Mutex(State())
  /// Whether to go on although rows are not there any more, or were changed.
  package let acceptsGap: Bool

  package init(acceptsGap: Bool) { self.acceptsGap = acceptsGap }

  /// What is on record; nil where nothing is.
  package var known: InitialRows? { state.withLock(\.known) }

  /// The position under which the rows stand that come now; nil while none come.
  package var commit: LSN? { state.withLock(\.commit) }

  /// Up to which place every row is delivered, and cleaned up where that is waited for.
  package var settled: UInt64 { state.withLock(\.settled) }

  /// A stream begins with what is on record.
  package func begin(_ found: InitialRows?) { state.withLock { $0 = State(known: found) } }

  /// Rows come from now on, or none any more.
  package func use(_ commit: LSN?) { state.withLock { $0.commit = commit } }

  /// Whether nothing is to be read before more is delivered.
  package var isHeld: Bool { state.withLock(\.isHeld) }

  /// Nothing is to be read before more is delivered; or else there is.
  package func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }

  /// A read begins, or is over.
  package func wait(_ begins: Bool) { state.withLock { $0.wait.note(begins) } }

  /// How long a read has taken, where that is to be told: after a while, and then sparsely.
  package func overdue() -> Duration? { state.withLock { $0.wait.overdue() } }

  /// The source asks for a record.
  package func propose(_ rows: InitialRows) { state.withLock { $0.proposed = rows } }

  /// Whether what was asked for is not on record yet.
  package var isWaiting: Bool { state.withLock { $0.proposed != nil } }

  /// What is to be put on record.
  package var proposed: InitialRows? { state.withLock(\.proposed) }

  /// What was asked for is on record.
  package func keep() {
    state.withLock { state in
      state.known = state.proposed ?? state.known
      state.proposed = nil
    }
  }

  /// Every row up to a place is delivered; tells whether that is news.
  package func settle(_ place: UInt64) -> Bool {
    state.withLock { state in
      guard place > state.settled else { return false }
      (state.settled, state.isHeld) = (place, false)
      return true
    }
  }
}
