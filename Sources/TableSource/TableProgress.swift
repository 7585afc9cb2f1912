// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Synchronization

/// How far the rows of a selection have come, and with which time to go on.
package final class TableProgress: Sendable {
  private struct State {
    var read = 0
    var gone = 0
    var confirmed = LSN.zero
    /// Places to go on at, each the first row's of a stretch; so many that they say it well, and no more.
    var marks: [(position: LSN, time: String)] = []
    var distance: UInt64 = 1
  }

  private static let mostMarks = 4096
  /// Each row takes so much of the log that there is none of.
  private static let step: UInt64 = 16

  /// How many rows were chosen.
  package let count: Int
  private let state = Mutex(State())

  init(count: Int) { self.count = count }

  /// How many have been read so far.
  package var read: Int { state.withLock { $0.read + $0.gone } }
  /// How many were no longer there.
  package var gone: Int { state.withLock { $0.gone } }
  /// How many are durable where they were sent.
  package var delivered: Int { state.withLock { Int($0.confirmed.rawValue / Self.step) } }

  /// The time of a row at or before the first that is not known to be delivered, as RFC 3339 writes it; nil where rows have
  /// none, or none was read.
  package var resumption: String? {
    state.withLock { state in
      let mark = state.marks.last { $0.position <= state.confirmed } ?? state.marks.first
      return mark.map { Self.rfc3339($0.time) }
    }
  }

  func note(gone: Int) { state.withLock { $0.gone = gone } }
  func confirm(_ lsn: LSN) { state.withLock { $0.confirmed = max($0.confirmed, lsn) } }

  /// Where the next row stands: its commit, and the end of that.
  func begin(_ time: String?) -> (commit: LSN, end: LSN) {
    state.withLock { state in
      let start = UInt64(state.read) * Self.step
      if let time, UInt64(state.read) % state.distance == 0 { state.marks.append((LSN(rawValue: start), time)) }
      if state.marks.count > Self.mostMarks {
        state.distance *= 2
        state.marks = state.marks.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
      }
      state.read += 1
      return (LSN(rawValue: start + Self.step / 2), LSN(rawValue: start + Self.step))
    }
  }

  /// As the server writes it in UTC, in another form.
  static func rfc3339(_ time: String) -> String {
    time.replacing(" ", with: "T", maxReplacements: 1).replacing("+00", with: "Z")
  }
}
