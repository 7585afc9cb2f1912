// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Synchronization

/// Ids that grow with time, so that an index of them grows at its end: UUIDs of version 7. Source: RFC 9562, section 5.7; what is
/// finer than a millisecond stands in the twelve bits behind it (section 6.2, method 3).
final class EventIDs: Sendable {
  /// Those of this process.
  static let own = EventIDs()

  /// The last instant that was used, in 1/4096 of a millisecond.
  private let last = Mutex<UInt64>(0)

  /// A new one, behind all that were made here.
  func next(at time: Date = Date()) -> UUID {
    let now = UInt64(max(0, time.timeIntervalSince1970 * 1000 * 4096))
    let instant = last.withLock { last in
      last = max(now, last + 1)
      return last
    }
    let random = UInt64.random(in: 0...UInt64.max)
    let bytes: (UInt64) -> [UInt8] = { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
    let high = bytes((instant >> 12) << 16 | 0x7000 | instant & 0xFFF)
    let low = bytes(random & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    return UUID(
      uuid: (
        high[0], high[1], high[2], high[3], high[4], high[5], high[6], high[7], low[0], low[1], low[2], low[3], low[4],
        low[5], low[6], low[7]
      ))
  }
}
