// SPDX-License-Identifier: Apache-2.0

/// Amounts in words for people.
package enum Amounts {
  /// `12 s`, `5 min`, `3 h`, `9 d`.
  package static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "years" }
    return switch seconds {
    case ..<120: "\(Int(seconds)) s"
    case ..<7200: "\(Int(seconds / 60)) min"
    case ..<172_800: "\(Int(seconds / 3600)) h"
    default: "\(Int(seconds / 86_400)) d"
    }
  }

  /// The same for a duration.
  package static func time(_ duration: Duration) -> String {
    duration < .seconds(1)
      ? "\(duration.components.attoseconds / 1_000_000_000_000_000) ms" : time(Double(duration.components.seconds))
  }
}
