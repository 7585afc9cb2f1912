// SPDX-License-Identifier: Apache-2.0

import Delivery
import Octets
import PostgresWire
package import Relay

/// How a relay gets on, in one line: for a terminal and for a log.
package struct Progress: Sendable {
  private struct Moment {
    var time: ContinuousClock.Instant
    var events: Int
    var share: Double?
  }

  /// A rate is that of so long.
  private static let window: Duration = .seconds(5)
  /// A backlog below this has no bar.
  private static let backlog: UInt64 = 1 << 20
  private static let width = 20

  private var moments: [Moment] = []

  package init() {}

  /// One line for a terminal, with a bar where there is an end.
  package mutating func line(_ status: RelayStatus, now: ContinuousClock.Instant = .now) -> String {
    let share = Self.share(status)
    let past = note(status, share, now)
    var parts: [String] = []
    if let share {
      let full = Int(share * Double(Self.width))
      let bar = String(repeating: "█", count: full) + String(repeating: "░", count: Self.width - full)
      parts.append(
        "\(bar) \(Int(share * 100)) %" + (Self.left(share, past, now).map { ", \(Amount.time($0)) left" } ?? ""))
    }
    if status.phase != .streaming { parts.append(status.phase.rawValue) }
    parts.append(
      "\(status.deliveredEvents) events" + (Self.rate(status, past, now).map { ", \(Amount.number($0))/s" } ?? ""))
    parts += Self.figures(status)
    return parts.joined(separator: " · ")
  }

  /// One line for a log.
  package mutating func report(_ status: RelayStatus, now: ContinuousClock.Instant = .now) -> String {
    let past = note(status, nil, now)
    let rate = Self.rate(status, past, now).map { ", \(Amount.number($0)) a second" } ?? ""
    return (["progress: \(status.deliveredEvents) events delivered\(rate)"] + Self.figures(status)).joined(
      separator: "; ")
  }

  private mutating func note(_ status: RelayStatus, _ share: Double?, _ now: ContinuousClock.Instant) -> Moment? {
    let last = moments.last
    moments.removeAll { now - $0.time > Self.window }
    if moments.isEmpty, let last { moments = [last] }
    defer { moments.append(Moment(time: now, events: status.deliveredEvents, share: share)) }
    return moments.first
  }

  private static func figures(_ status: RelayStatus) -> [String] {
    let lag = status.received.rawValue - min(status.received, status.confirmed).rawValue
    var parts = status.end == .zero ? [] : ["\(ByteCount(lag)) not confirmed"]
    parts.append("\(ByteCount(status.bytesInFlight)) in flight")
    let letters = status.counts.deadLetters + status.counts.keptEvents + status.counts.keptRows
    for (count, what) in [
      (status.health.failures, "retries"), (status.retries, "reconnects"), (letters, "dead letters"),
    ]
    where count > 0 { parts.append("\(count) \(what)") }
    return parts
  }

  /// How much of a backlog or a recording is done.
  private static func share(_ status: RelayStatus) -> Double? {
    if let fraction = status.fraction { return fraction }
    guard status.end > status.start, case let all = status.end.rawValue - status.start.rawValue, all >= backlog,
      status.confirmed < status.end
    else { return nil }
    return Double(max(status.confirmed, status.start).rawValue - status.start.rawValue) / Double(all)
  }

  private static func rate(_ status: RelayStatus, _ past: Moment?, _ now: ContinuousClock.Instant) -> Double? {
    guard let past, case let seconds = (now - past.time).seconds, seconds > 0.1 else { return nil }
    return Double(status.deliveredEvents - past.events) / seconds
  }

  private static func left(_ share: Double, _ past: Moment?, _ now: ContinuousClock.Instant) -> Double? {
    guard let past, let before = past.share, share > before else { return nil }
    return (1 - share) * (now - past.time).seconds / (share - before)
  }
}
