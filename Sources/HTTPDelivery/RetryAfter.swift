// SPDX-License-Identifier: Apache-2.0

import Files
import IntegrationEvents

/// The `Retry-After` header: a number of seconds, or a date. Source: RFC 9110, sections 10.2.3 and 5.6.7.
enum RetryAfter {
  /// How long to wait; nil when the header makes no sense.
  static func duration(_ value: String, nowUnixSeconds now: Int64) -> Duration? {
    let text = value.trimmedBlanks
    if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), !text.isEmpty {
      return .seconds(Int64(text).map { min($0, 1_000_000_000) } ?? 1_000_000_000)
    }
    return unixSeconds(text).map { .seconds(max(0, $0 - now)) }
  }

  /// `Sun, 06 Nov 1994 08:49:37 GMT`, and the two forms of old: `Sunday, 06-Nov-94 08:49:37 GMT` and
  /// `Sun Nov  6 08:49:37 1994`.
  static func unixSeconds(_ text: String) -> Int64? {
    var words = text.split(whereSeparator: { " ,-".contains($0) }).map(String.init)
    guard words.count >= 5 else { return nil }
    words.removeFirst()
    let isAsctime = Int64(words[0]) == nil
    let (day, month) = isAsctime ? (words[1], words[0]) : (words[0], words[1])
    let (year, clock) = isAsctime ? (words[3], words[2]) : (words[2], words[3])
    let parts = clock.split(separator: ":").map { Int64($0) }
    guard let day = Int64(day), let month = months[month], var year = Int64(year), parts.count == 3,
      let hour = parts[0], let minute = parts[1], let second = parts[2],
      (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    if year < 100 { year += year < 70 ? 2000 : 1900 }
    guard (1970...9999).contains(year) else { return nil }
    return CivilDate(year: year, month: month, day: day).unixDay * 86_400 + hour * 3600 + minute * 60 + second
  }

  private static let months: [String: Int64] = [
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11,
    "Dec": 12,
  ]
}
