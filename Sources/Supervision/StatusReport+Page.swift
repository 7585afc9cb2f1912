// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PostgresWire
import Relay

/// What the page shows beside figures.
extension StatusReport {
  /// How many transactions took how long from their commit to their delivery since the start, by the buckets' upper ends.
  static func latency(_ tally: Tally) -> String {
    let counts = tally.whole.counts.indices.map { "\(tally.whole.counts[$0])" }
    let bounds = LatencyHistogram.bounds.map { "\(Double($0) / 1e6)" }
    return "{\"bounds\":[\(bounds.joined(separator: ","))],\"counts\":[\(counts.joined(separator: ","))]}"
  }

  /// How long ago something was, in seconds; two clocks can make less than nothing of it.
  static func age(_ time: PostgresTimestamp) -> Double {
    let (age, overflow) = PostgresTimestamp.now.rawValue.subtractingReportingOverflow(time.rawValue)
    return overflow ? 0 : max(0, Double(age) / 1e6)
  }

  /// Something that was told, when, and how loud.
  static func message(_ notice: RecentNotice) -> String {
    let time = EventTime(unixMicroseconds: notice.time.unixMicroseconds).map { "\($0)" } ?? ""
    return "{\"time\":\(JSONText.string(time)),\"level\":\"\(notice.level)\",\"text\":\(JSONText.string(notice.text))}"
  }
}
