// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The machine's clock.
public enum WallClock {
  /// Seconds since 1970-01-01 00:00 UTC.
  public static func unixSeconds() -> Int64 {
    Int64(Date().timeIntervalSince1970.rounded(.down))
  }
}
