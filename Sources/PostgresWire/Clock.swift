// SPDX-License-Identifier: Apache-2.0

import Glibc

extension PostgresTimestamp {
  /// The wall clock, to the microsecond.
  public static var now: PostgresTimestamp {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return PostgresTimestamp(unixMicroseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}
