// SPDX-License-Identifier: Apache-2.0

import Operations

/// Amounts for people.
package enum Amount {
  /// `0.3 s`, `12 s`, `5 min`, `3 h`, `4 d`.
  package static func time(_ seconds: Double) -> String {
    seconds < 10 ? "\(number(seconds)) s" : Amounts.time(seconds)
  }

  /// Whole when it is large, else with one decimal.
  package static func number(_ value: Double) -> String {
    value >= 100 ? "\(Int(min(value, 1e15)))" : "\((value * 10).rounded() / 10)"
  }
}
