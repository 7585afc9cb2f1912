// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Between a source that reads a table again and again and the relay: which position is the next, what is known to be delivered, and
/// whether something was that leaves its row behind.
package final class PollDesk: Sendable {
  private struct State {
    var last = LSN.zero
    var settled = LSN.zero
    var isHeld = false
    var hasLeft = false
    var hasNews = false
    var wait = LongWait()
    var known: PolledRows?
    var noted: [(commit: LSN, rows: PolledRows)] = []
  }

  private let state = Mutex(State())

  package init() {}

  /// No position up to this one is used again, and the rows that stay in their table are as far as they are on record.
  package func begin(after lsn: LSN, known: PolledRows?) {
    state.withLock { state in
      state.last = max(state.last, lsn)
      (state.known, state.noted) = (known, [])
    }
  }

  /// The next position: behind all others, and not before the log's.
  package func next(_ log: LSN) -> LSN {
    state.withLock { state in
      state.last = max(LSN(rawValue: state.last.rawValue + 1), log)
      return state.last
    }
  }

  /// Up to which position every row is delivered, and cleaned up where that is waited for.
  package var settled: LSN { state.withLock(\.settled) }

  /// Everything up to a position is delivered; tells whether that is news.
  package func settle(_ lsn: LSN) -> Bool {
    state.withLock { state in
      guard lsn > state.settled else { return false }
      (state.settled, state.isHeld) = (lsn, false)
      return true
    }
  }

  /// Whether nothing is to be read before more is delivered.
  package var isHeld: Bool { state.withLock(\.isHeld) }

  /// Nothing is to be read before that.
  package func hold() { state.withLock { $0.isHeld = true } }

  /// A read begins, or ends.
  package func wait(_ begins: Bool) { state.withLock { $0.wait.note(begins) } }

  /// How long a read has taken, where that is to be told: after a while, and then sparsely.
  package func overdue() -> Duration? {
    state.withLock { $0.wait.overdue() }
  }

  /// There may be new rows.
  package func noteNews() { state.withLock { $0.hasNews = true } }

  /// Whether that was so since the last look.
  package func takeNews() -> Bool {
    state.withLock { state in
      defer { state.hasNews = false }
      return state.hasNews
    }
  }

  /// A row became a dead letter, so that nobody cleans it up with its event.
  package func noteLeft() { state.withLock { $0.hasLeft = true } }

  /// Whether there are such rows among those that were read.
  package var hasLeft: Bool { state.withLock(\.hasLeft) }

  /// They are all cleaned up.
  package func takeLeft() { state.withLock { $0.hasLeft = false } }

  /// How far the rows are on record that stay in their table; nil where nothing is. What was noted before counts no more: it is read
  /// again.
  package func restart() -> PolledRows? {
    state.withLock { state in
      state.noted = []
      return state.known
    }
  }

  /// How far they are once a position is delivered.
  package func note(_ rows: PolledRows, at commit: LSN) { state.withLock { $0.noted.append((commit, rows)) } }

  /// Everything up to a position is delivered: how far the rows are, to be put on record; nil where nothing was noted.
  package func takeNoted(upTo lsn: LSN) -> PolledRows? {
    state.withLock { state in
      let count = state.noted.prefix { $0.commit <= lsn }.count
      guard count > 0 else { return nil }
      state.known = state.noted[count - 1].rows
      state.noted.removeFirst(count)
      return state.known
    }
  }
}
