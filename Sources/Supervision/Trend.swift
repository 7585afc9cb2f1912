// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// How things have gone lately: how far each hand lies behind in time, and at which rate.
package struct Trend: Sendable {
  /// How many seconds ago the server's log ended where each hand is now, by the server's clock.
  package var lagSeconds: [String: Double] = [:]
  /// Events delivered in a second; nil before there is anything to compare with.
  package var eventsPerSecond: Double?
  /// Bytes of the lines of these.
  package var bytesPerSecond: Double?
  /// Bytes of log confirmed in a second.
  package var confirmedPerSecond: Double?
  /// Bytes of log written in a second.
  package var writtenPerSecond: Double?

  package init() {}

  /// How long a backlog lasts yet; nil where it does not shrink.
  package func secondsLeft(of bytes: UInt64?) -> Double? {
    guard let bytes, let confirmedPerSecond else { return nil }
    if bytes == 0 { return 0 }
    let rate = confirmedPerSecond - (writtenPerSecond ?? 0)
    return rate > 0 ? Double(bytes) / rate : nil
  }

  /// How long until so much more is written.
  package func secondsUntilWritten(_ bytes: Int64?) -> Double? {
    guard let bytes, let writtenPerSecond, writtenPerSecond > 0 else { return nil }
    return Double(max(0, bytes)) / writtenPerSecond
  }
}

/// What was seen at moments before, to compare with.
struct TrendHistory {
  struct Moment: Sendable {
    var time: ContinuousClock.Instant
    var events = 0
    var bytes = 0
    var confirmed: LSN?
    var end: LSN?
    var serverTime: Double?
  }

  private static let most = 120
  /// Closer ones tell nothing new.
  private static let spacing: Duration = .seconds(1)
  /// What lies further back counts for no rate.
  private static let window: Duration = .seconds(60)

  private var moments: [Moment] = []

  /// Adds a moment, and tells how things have gone until then.
  mutating func add(_ now: Moment, _ ladder: [(name: String, position: LSN?)]) -> Trend {
    var trend = rates(now)
    for (name, position) in ladder.dropFirst() {
      if let position, let lag = lag(of: position, now) { trend.lagSeconds[name] = lag }
    }
    if moments.last.map({ now.time - $0.time >= Self.spacing }) ?? true {
      if moments.count == Self.most { moments.removeFirst() }
      moments.append(now)
    }
    return trend
  }

  private func rates(_ now: Moment) -> Trend {
    var trend = Trend()
    guard let past = moments.first(where: { now.time - $0.time <= Self.window }) ?? moments.last,
      case let seconds = (now.time - past.time).seconds, seconds > 0.2
    else { return trend }
    trend.eventsPerSecond = Double(now.events - past.events) / seconds
    trend.bytesPerSecond = Double(now.bytes - past.bytes) / seconds
    func rate(_ member: (Moment) -> LSN?) -> Double? {
      guard let before = member(past), let after = member(now) else { return nil }
      return after < before ? 0 : Double(after.rawValue - before.rawValue) / seconds
    }
    trend.confirmedPerSecond = rate(\.confirmed)
    trend.writtenPerSecond = rate(\.end)
    return trend
  }

  /// Since when the log has been longer than this, by what was seen of it; between two looks it grows evenly.
  private func lag(of position: LSN, _ now: Moment) -> Double? {
    guard let end = now.end, let time = now.serverTime else { return nil }
    guard end > position else { return 0 }
    var after = (end: end, time: time)
    for moment in moments.reversed() {
      guard let end = moment.end, let earlier = moment.serverTime else { continue }
      if end <= position {
        let share = Double(position.rawValue - end.rawValue) / Double(after.end.rawValue - end.rawValue)
        return max(0, time - (earlier + share * (after.time - earlier)))
      }
      after = (end, earlier)
    }
    return max(0, time - after.time)
  }
}

extension Duration {
  /// As a number.
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
