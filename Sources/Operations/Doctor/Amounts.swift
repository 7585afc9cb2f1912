// SPDX-License-Identifier: Apache-2.0

/// Amounts in words for people.
package enum Amounts {
  /// `3.2 GB`, in powers of 1024 as the server's own words have it.
  package static func bytes(_ count: Int64) -> String {
    guard count >= 1024 else { return "\(count) bytes" }
    var (rest, unit) = (Double(count), 0)
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    while rest >= 1024, unit < units.count - 1 { (rest, unit) = (rest / 1024, unit + 1) }
    let tenths = Int(rest * 10)
    return "\(tenths / 10)\(tenths % 10 == 0 ? "" : ".\(tenths % 10)") \(units[unit])"
  }

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
