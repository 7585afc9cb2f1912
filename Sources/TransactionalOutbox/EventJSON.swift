// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import IntegrationEvents

/// JSON as integration events are written: dates as ISO 8601 in UTC with six decimals, decimals as the digits that they have.
enum EventJSON {
  static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    encoder.dateEncodingStrategy = .custom { date, encoder in
      guard let time = Self.time(date) else {
        // Not the date itself: showing one that is no number would trap.
        throw EncodingError.invalidValue(
          date.timeIntervalSince1970,
          .init(codingPath: encoder.codingPath, debugDescription: "the date has no year of four digits"))
      }
      var container = encoder.singleValueContainer()
      try container.encode(time)
    }
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// An instant as integration events have it; nil for what has no year of four digits.
  static func time(_ date: Date) -> String? {
    let micros = (date.timeIntervalSince1970 * 1_000_000).rounded()
    return Int64(exactly: micros).flatMap { EventTime(unixMicroseconds: $0)?.description }
  }
}
