// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How work grows with what it is given, in the processor's time of the thread that does it, so that others on the machine
/// hardly count.
package enum Scaling {
  /// How many times as long four times as much takes: about 4 where work is linear, 16 where it grows by the square.
  ///
  /// - Parameters:
  ///   - count: so much that the time for it can be measured.
  ///   - prepare: makes what the work is done on, from how much it is.
  package static func growth<Input>(
    _ count: Int, _ prepare: (Int) throws -> Input, work: (Input) throws -> Void
  ) rethrows -> Double {
    let (small, large) = (try prepare(count), try prepare(4 * count))
    var (shortest, longest) = (Double.infinity, Double.infinity)
    // The least of several, for what comes in between only ever adds.
    for _ in 0..<3 {
      shortest = min(shortest, try time { try work(small) })
      longest = min(longest, try time { try work(large) })
    }
    return longest / max(shortest, 0.000_1)
  }

  /// More than any linear work has, and far less than what grows by the square.
  package static let linear = 10.0

  private static func time(_ body: () throws -> Void) rethrows -> Double {
    let start = now
    try body()
    return now - start
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
