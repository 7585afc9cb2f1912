// SPDX-License-Identifier: Apache-2.0

import Foundation
import IntegrationEvents

/// Days in UTC, as numbers since 1970-01-01.
enum Days {
  /// How many there are partitions for beyond today: clocks differ, and nobody may be there tomorrow.
  static let ahead: Int64 = 7

  /// The day that it is.
  static var today: Int64 {
    Int64(Date().timeIntervalSince1970.rounded(.down)).dayOfSecond
  }

  /// `2026-11-23`.
  static func text(_ day: Int64) -> String {
    let date = CivilDate(unixDay: day)
    let year = "\(date.year)"
    return String(repeating: "0", count: max(0, 4 - year.count))
      + "\(year)-\(twoDigits(date.month))-\(twoDigits(date.day))"
  }

  private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Int64 {
  /// The day of a second, also before 1970.
  fileprivate var dayOfSecond: Int64 { self >= 0 ? self / 86_400 : (self - 86_399) / 86_400 }
}

extension EventTime {
  /// The day in UTC.
  var unixDay: Int64 {
    (unixMicroseconds >= 0 ? unixMicroseconds / 1_000_000 : (unixMicroseconds - 999_999) / 1_000_000).dayOfSecond
  }
}

extension Retention {
  /// In whole days, rounded up.
  var days: Int64 { (seconds + 86_399) / 86_400 }
}
