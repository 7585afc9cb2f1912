// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// What this process has given to the disk and waits for, which may take long however well the process is.
package enum DiskWaits {
  /// Since when each thread that waits does so.
  private static let begun = Mutex<[UInt: ContinuousClock.Instant]>([:])

  /// The thread that asks.
  package static var thread: UInt { pthread_self() }

  /// Whether a thread waits just now.
  package static func isWaiting(_ thread: UInt) -> Bool { begun.withLock { $0[thread] != nil } }

  /// Since when the longest one that is under way has lasted.
  package static var oldest: ContinuousClock.Instant? { begun.withLock { $0.values.min() } }

  /// Does something for which the disk may have to be waited for.
  static func during<Result>(_ body: () throws(SystemFailure) -> Result) throws(SystemFailure) -> Result {
    let thread = thread
    begun.withLock { $0[thread] = .now }
    defer { begun.withLock { $0[thread] = nil } }
    return try body()
  }
}
