// SPDX-License-Identifier: Apache-2.0

package import Operations
import PostgresWire

/// Tells how a relay stands by what its server says alone, from look to look.
package struct SlotJudge {
  private let slot: String
  private var history = TrendHistory()
  /// What is confirmed, since when it has been known to be so, and whether it was seen to move there.
  private var seen: (confirmed: LSN?, since: ContinuousClock.Instant, hasMoved: Bool)?
  /// How long what has moved counts as moving.
  private static let freshness: Duration = .seconds(10)

  package init(slot: String) { self.slot = slot }

  /// Takes a look in, and tells what it comes to beside those before.
  package mutating func report(_ look: SlotLook, now: ContinuousClock.Instant = .now) -> StatusReport {
    if seen == nil || seen?.confirmed != look.confirmed { seen = (look.confirmed, now, seen != nil) }
    var report = StatusReport(look, verdict(look, now), Trend(), relay: slot)
    report.trend = history.add(
      .init(time: now, confirmed: look.confirmed, end: look.end, serverTime: look.serverTime), report.ladder)
    report.trend.eventsPerSecond = nil
    report.trend.bytesPerSecond = nil
    if let lag = look.walsender?.lag, report.trend.lagSeconds["confirmed"] != 0 {
      report.trend.lagSeconds["confirmed"] = max(lag, report.trend.lagSeconds["confirmed"] ?? 0)
    }
    return report
  }

  private func verdict(_ look: SlotLook, _ now: ContinuousClock.Instant) -> Verdict {
    guard look.exists else { return Verdict(.lost, "the server has no slot \(slot)", isReady: false) }
    if look.isLost {
      return Verdict(
        .lost, "the server has given the slot up: \(look.invalidation ?? "its WAL is gone")", isReady: false)
    }
    if let trouble = look.trouble(of: slot) {
      return Verdict(trouble.isBeingMade ? .starting : .down, trouble.words, isReady: false)
    }
    guard look.walsender != nil else {
      let since = look.idleSeconds.map { ", and has not for \(Amount.time(max(0, $0)))" } ?? ""
      return Verdict(.down, "nobody reads from the slot\(since)", isReady: false)
    }
    let lag = look.end.rawValue - min(look.end, look.confirmed ?? look.end).rawValue
    let time = seen.map { now - $0.since } ?? .zero
    let hasMoved = seen?.hasMoved == true && time < Self.freshness
    guard lag > StallJudge.slack else {
      return hasMoved ? Verdict(.live, "confirms what comes") : Verdict(.idle, "nothing waits")
    }
    if time >= StallJudge.patience {
      return .stalled("has confirmed nothing for \(time.inSeconds), although something waits")
    }
    if lag >= StallJudge.backlog { return Verdict(.catchingUp, "there is a backlog") }
    return Verdict(.live, hasMoved ? "confirms what comes" : "something waits; whether it moves takes a longer look")
  }
}
