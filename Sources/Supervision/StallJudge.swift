// SPDX-License-Identifier: Apache-2.0

import Delivery
import Operations
import PostgresWire
import Relay

/// Judges whether a relay stands still although there is work. Silence alone is no stall: on an idle server nothing moves.
struct StallJudge {
  /// How long work may wait without anything moving.
  static let patience: Duration = .seconds(18)
  /// How much log is no work: the rest of a page's head.
  static let slack: UInt64 = 40
  /// From here on it is a backlog.
  static let backlog: UInt64 = 16 << 20

  /// What moves while the server sends and we receive.
  private struct Signs: Hashable {
    var bytes: Int
    var sent: LSN?
    var wait: String?
    var process: Int?
  }

  /// What the relay itself brings about.
  private struct Progress: Hashable {
    var confirmed: LSN
    var encoded: Int
    var delivered: Int
  }

  private var suspicion: (end: LSN, signs: Signs, since: ContinuousClock.Instant)?
  private var progress: (of: Progress, since: ContinuousClock.Instant, losses: Int)?
  private var encoded: (count: Int, since: ContinuousClock.Instant)?
  private var silentSince: ContinuousClock.Instant?

  /// Judges.
  ///
  /// - Parameters:
  ///   - look: what the server says; nil when it did not answer.
  ///   - silence: why it did not.
  ///   - asked: when it was asked.
  mutating func judge(
    _ status: RelayStatus, _ look: SlotLook?, silence: String?, asked: ContinuousClock.Instant,
    now: ContinuousClock.Instant = .now
  ) -> Verdict {
    note(status, now)
    silentSince = silence == nil ? nil : silentSince ?? asked
    if let look, look.isLost {
      return Verdict(
        .lost, "the server has given the slot up: \(look.invalidation ?? "its WAL is gone")", isReady: false)
    }
    switch status.phase {
    case .ended: return Verdict(.down, status.lastFailure ?? "it has ended", isReady: false)
    case .standby: return Verdict(.standby, "another client has the slot")
    case .connecting: return connecting(status, now)
    case .streaming, .draining: break
    }
    if let verdict = delivery(status, now) ?? again(status, look, now) { return verdict }
    if status.phase == .draining { return Verdict(.live, "delivers what has been read, in order to end") }
    if status.pausedSince == nil, let verdict = stream(status, look, silence, now) { return verdict }
    return moving(status, look, now)
  }

  /// Whether to look again before a judgement: nothing has been heard for long, although there is something to hear.
  var isUnsure: Bool { suspicion != nil }

  private mutating func note(_ status: RelayStatus, _ now: ContinuousClock.Instant) {
    let here = Progress(
      confirmed: status.confirmed, encoded: status.encodedEvents, delivered: status.deliveredEvents)
    if progress?.of != here { progress = (here, now, status.retries) }
    if encoded?.count != status.encodedEvents {
      encoded = (status.encodedEvents, encoded == nil ? now - .seconds(60) : now)
    }
  }

  private func connecting(_ status: RelayStatus, _ now: ContinuousClock.Instant) -> Verdict {
    let why = status.lastFailure.map { ": \($0)" } ?? ""
    if let others = status.waitsFor { return Verdict(.starting, "waits for the end of \(others)", isReady: false) }
    guard status.identity != nil else { return Verdict(.starting, "connects to the server\(why)", isReady: false) }
    let time = now - status.phaseSince
    guard time >= Self.patience else { return Verdict(.starting, "connects to the server again\(why)") }
    return .stalled("has not been connected for \(time.inSeconds)\(why)")
  }

  /// What the sink and the dead letters do with what has been read.
  private func delivery(_ status: RelayStatus, _ now: ContinuousClock.Instant) -> Verdict? {
    let health = status.health
    if let trouble = health.trouble {
      let since = trouble.stuckSince ?? max(trouble.since, trouble.oldest.since)
      if now - since >= Self.patience {
        return .stalled(
          "delivery to \(health.destination) has failed for \((now - since).inSeconds): \(trouble.reason)")
      }
    }
    if let since = status.deskSince, now - since >= Self.patience {
      return .stalled("has waited for the dead letters for \((now - since).inSeconds)")
    }
    if status.batchesInFlight > 0, now - status.moved >= Self.patience {
      let why = health.trouble.map { ": \($0.reason)" } ?? ""
      return .stalled("\(health.destination) has taken nothing for \((now - status.moved).inSeconds)\(why)")
    }
    return nil
  }

  /// A stream that is opened and lost in turns.
  private func again(_ status: RelayStatus, _ look: SlotLook?, _ now: ContinuousClock.Instant) -> Verdict? {
    guard let progress, now - progress.since >= Self.patience, status.retries > progress.losses, let look,
      isWork(look.end, status.confirmed)
    else { return nil }
    return .stalled("the stream is lost again and again: \(status.lastFailure ?? "")")
  }

  /// What the server has and we have not.
  private mutating func stream(
    _ status: RelayStatus, _ look: SlotLook?, _ silence: String?, _ now: ContinuousClock.Instant
  ) -> Verdict? {
    let unheard = status.heard.map { now - $0 } ?? (now - status.phaseSince)
    guard let look else {
      guard let silence, let silentSince, now - silentSince >= Self.patience, unheard >= Self.patience else {
        return nil
      }
      return .stalled("the server has not answered for \((now - silentSince).inSeconds): \(silence)")
    }
    guard isWork(look.end, status.received) else {
      suspicion = nil
      return nil
    }
    let isCaughtUp = look.walsender?.sent.map { !isWork(look.end, $0) } ?? false
    let signs = Signs(
      bytes: status.counts.receivedBytes, sent: isCaughtUp ? nil : look.walsender?.sent,
      wait: isCaughtUp ? nil : look.walsender?.wait, process: look.walsender?.process)
    guard let known = suspicion, known.signs == signs || isCaughtUp && known.signs.bytes == signs.bytes else {
      suspicion = (look.end, signs, now)
      return nil
    }
    suspicion = (known.end, signs, known.since)
    // Who waits although there is something to do will not find out by himself.
    let isWaiting = look.walsender.map { $0.wait != nil } ?? true
    let patience: Duration = isWaiting && unheard >= Self.patience ? .seconds(4) : Self.patience
    guard now - known.since >= patience else { return nil }
    let time = max(unheard, now - known.since).inSeconds
    guard let walsender = look.walsender else {
      return .stalled("the server serves nobody on the slot, and has not for \(time)")
    }
    if isCaughtUp { return .stalled("what the server has sent has not arrived for \(time): the connection seems dead") }
    return .stalled(
      "the server has sent nothing for \(time), although there is something: its process \(walsender.process) "
        + (walsender.wait.map { "waits (\($0))" } ?? "works on"))
  }

  private func moving(_ status: RelayStatus, _ look: SlotLook?, _ now: ContinuousClock.Instant) -> Verdict {
    if let look, look.end.rawValue &- min(look.end, status.confirmed).rawValue >= Self.backlog {
      return Verdict(
        .catchingUp,
        status.pausedSince != nil ? "\(status.health.destination) is slower than what comes" : "there is a backlog")
    }
    let isBusy = status.batchesInFlight > 0 || encoded.map { now - $0.since < .seconds(10) } ?? false
    return isBusy ? Verdict(.live, "delivers what comes") : Verdict(.idle, "nothing waits")
  }

  private func isWork(_ end: LSN, _ position: LSN) -> Bool {
    end.rawValue > position.rawValue && end.rawValue - position.rawValue > Self.slack
  }
}

extension Duration {
  /// `35 s`, for messages.
  var inSeconds: String { "\(components.seconds) s" }
}
