// SPDX-License-Identifier: Apache-2.0

package import Delivery
import IntegrationEvents
import Octets
import PostgresWire

/// Tells of deliveries that fail: at once, then sparsely, and when they work again; of dead letters; and of a sink that takes
/// nothing although nothing fails.
package struct DeliveryWatch {
  /// How often the sink is asked.
  private static let interval: Duration = .milliseconds(100)
  /// How long an outage is told of again at first, and at most.
  private static let firstReminder: Duration = .seconds(10)
  private static let lastReminder: Duration = .seconds(600)
  /// How long a sink may take nothing before that is told.
  private static let patience: Duration = .seconds(30)
  /// How long something may be in the way before that is told: connections come and go.
  private static let obstaclePatience: Duration = .seconds(2)
  /// So many outages are told of at once, then one in so long.
  private static let burst = 5
  private static let refill: Duration = .seconds(30)
  /// No more reasons or remarks than these are kept in mind.
  private static let most = 16

  /// An outage that has been told of.
  private struct Outage {
    let since: ContinuousClock.Instant
    var reminder: Reminder
    var reasons: Set<String>
    var failures: Int
  }

  /// When to tell again: each time after twice as long.
  private struct Reminder {
    var next: ContinuousClock.Instant
    private var pause: Duration

    init(_ pause: Duration, from now: ContinuousClock.Instant) {
      self.pause = pause
      next = now + pause
    }

    mutating func isDue(_ now: ContinuousClock.Instant) -> Bool {
      guard now >= next else { return false }
      pause = min(pause * 2, lastReminder)
      next = now + pause
      return true
    }
  }

  private let log: RelayLog
  private let tellsLetters: Bool
  private var lastLook: ContinuousClock.Instant?
  private var outage: Outage?
  private var knownFailures = 0
  private var knownLetters = 0
  private var knownDelivered = 0
  private var allowance = Self.burst
  private var allowedSince: ContinuousClock.Instant
  private var toldReasons: Set<String> = []
  private var toldLetters = 0
  private var letterReminder: Reminder?
  private var remarks: Set<String> = []
  private var complaints: [String: String] = [:]
  private var doubt: String?
  /// How the sink was getting on at the last look.
  private(set) var health = DeliveryHealth()
  /// When something was delivered last, or when what is under way began.
  private(set) var moved: ContinuousClock.Instant
  private var (come, wasBusy) = (0, false)
  private var progress = 0
  private var lastProgress: ContinuousClock.Instant
  private var stall: Reminder?
  private var obstacle: (what: String, since: ContinuousClock.Instant, isTold: Bool)?

  /// Makes a watch.
  ///
  /// - Parameter tellsLetters: whether what becomes a dead letter is news.
  init(_ log: RelayLog, tellsLetters: Bool = true, now: ContinuousClock.Instant = .now) {
    self.log = log
    self.tellsLetters = tellsLetters
    (allowedSince, lastProgress, moved) = (now, now, now)
  }

  /// Looks at a sink.
  ///
  /// - Parameters:
  ///   - unconfirmed: how many bytes of log lie between what has been read and what is confirmed.
  ///   - isFull: whether nothing more is read before something is delivered.
  ///   - isBusy: whether something is with the sink.
  ///   - batches: how many events are in batches that are durable.
  package mutating func look(
    at sink: any Sink, unconfirmed: UInt64? = nil, isFull: Bool = false, isBusy: Bool, delivered batches: Int,
    now: ContinuousClock.Instant = .now
  ) {
    if let lastLook, now - lastLook < Self.interval, isBusy { return }
    lastLook = now
    health = sink.health
    let come = batches &+ health.delivered &+ health.letters.count
    if come != self.come || !isBusy || !wasBusy { moved = now }
    (self.come, wasBusy) = (come, isBusy)
    for remark in health.remarks where remarks.count < Self.most && remarks.insert(remark).inserted {
      log.warning("\(health.destination): \(remark)")
    }
    tellComplaints(health.complaints)
    if let doubt = health.doubt, doubt != self.doubt {
      log.warning("\(health.destination): \(doubt)")
      self.doubt = doubt
    }
    if tellsLetters { tellLetters(health, now) }
    tellOutage(health, now, behind(unconfirmed, isFull))
    tellObstacle(isBusy ? health.obstacle : nil, now)
    tellStall(health, now, isBusy: isBusy, batches, behind(unconfirmed, isFull))
  }

  /// Each once, and when it is over.
  private mutating func tellComplaints(_ now: [String: String]) {
    guard now != complaints else { return }
    for (subject, what) in now.sorted(by: { $0.key < $1.key }) where complaints[subject] != what {
      log.warning("\(subject): \(what); what was there before is used")
    }
    for subject in complaints.keys.sorted() where now[subject] == nil { log.notice("\(subject): can be used again") }
    complaints = now
  }

  private func behind(_ unconfirmed: UInt64?, _ isFull: Bool) -> String {
    (unconfirmed.map { ", \(ByteCount($0)) of log are not confirmed" } ?? "")
      + (isFull ? ", nothing more is read until something is delivered" : "")
  }

  private mutating func tellOutage(
    _ health: DeliveryHealth, _ now: ContinuousClock.Instant, _ behind: String
  ) {
    let isNew = health.failures > knownFailures
    // Nothing fails any more also when all that failed was given up.
    let isGivenUp = health.letters.count > knownLetters && health.delivered == knownDelivered
    (knownFailures, knownLetters, knownDelivered) = (health.failures, health.letters.count, health.delivered)
    guard let trouble = health.trouble else {
      if let over = outage {
        let after = "after \((now - over.since).inWords), \(over.failures) failed attempts"
        log.notice(
          isGivenUp
            ? "delivery to \(health.destination) was given up \(after); nothing waits for another attempt"
            : "delivery to \(health.destination) works again \(after)")
        outage = nil
      } else if isNew, mayTell(health.lastReason, now) {
        let end = isGivenUp ? "it was given up" : "it was tried again and works"
        log.warning("delivery to \(health.destination) failed: \(health.lastReason); \(end)")
      }
      return
    }
    let hint = trouble.hint.map { " (\($0))" } ?? ""
    guard var known = outage else {
      guard mayTell(trouble.reason, now) else { return }
      outage = Outage(
        since: trouble.since, reminder: Reminder(Self.firstReminder, from: now), reasons: [trouble.reason],
        failures: trouble.failures)
      log.warning("delivery to \(health.destination) fails: \(trouble.reason)\(hint); it is tried again and again")
      return
    }
    known.failures = trouble.failures
    let isOtherReason = known.reasons.count < Self.most && known.reasons.insert(trouble.reason).inserted
    if known.reminder.isDue(now) || isOtherReason {
      let time = trouble.oldest.time.isEmpty ? "" : " of \(trouble.oldest.time)"
      log.warning(
        """
        delivery to \(health.destination) still fails after \((now - known.since).inWords): \(trouble.reason)\(hint), \
        \(trouble.failures) attempts; the oldest event\(time) at \(trouble.oldest.position.sequence) has waited \
        \((now - trouble.oldest.since).inWords)\(behind)
        """)
    }
    outage = known
  }

  /// A receiver that fails every now and then must not fill the log; a reason that is new is told all the same.
  private mutating func mayTell(_ reason: String, _ now: ContinuousClock.Instant) -> Bool {
    if toldReasons.count < Self.most, toldReasons.insert(reason).inserted { return true }
    let earned = Int(clamping: (now - allowedSince).components.seconds / Self.refill.components.seconds)
    if earned > 0 {
      allowance = min(Self.burst, allowance + earned)
      allowedSince = now
    }
    guard allowance > 0 else { return false }
    allowance -= 1
    return true
  }

  private mutating func tellLetters(_ health: DeliveryHealth, _ now: ContinuousClock.Instant) {
    let letters = health.letters
    guard letters.count > toldLetters else { return }
    let last = "\(letters.position.sequence): \(letters.reason)"
    if letterReminder == nil {
      letterReminder = Reminder(Self.firstReminder, from: now)
    } else if letterReminder?.isDue(now) == false {
      return
    }
    let count = letters.count - toldLetters
    log.warning(
      count == 1
        ? "the event at \(last) went to the dead letters"
        : "\(count) events went to the dead letters, the last at \(last)")
    toldLetters = letters.count
  }

  /// What is in the way, once, and when it is gone.
  private mutating func tellObstacle(_ what: String?, _ now: ContinuousClock.Instant) {
    guard let what else {
      if let over = obstacle, over.isTold {
        log.notice("delivery to \(health.destination) goes on after \((now - over.since).inWords)")
      }
      obstacle = nil
      return
    }
    var known = obstacle ?? (what, now, false)
    if known.what != what { (known.what, known.isTold) = (what, known.isTold && !mayTell(what, now)) }
    if !known.isTold, now - known.since >= Self.obstaclePatience {
      log.warning("delivery to \(health.destination) waits: \(what); nothing is given up")
      known.isTold = true
    }
    obstacle = known
  }

  private mutating func tellStall(
    _ health: DeliveryHealth, _ now: ContinuousClock.Instant, isBusy: Bool, _ batches: Int, _ behind: String
  ) {
    let come = batches &+ health.delivered &+ health.letters.count
    if come != progress || !isBusy || health.trouble != nil {
      if stall != nil, health.trouble == nil {
        log.notice("delivery to \(health.destination) goes on after \((now - lastProgress).inWords)")
      }
      (progress, lastProgress, stall) = (come, now, nil)
    } else if now - lastProgress >= Self.patience {
      if stall == nil {
        stall = Reminder(Self.patience, from: now)
      } else if stall?.isDue(now) == false {
        return
      }
      let why = health.obstacle.map { ": \($0)" } ?? ""
      log.warning(
        "\(health.destination) has taken nothing for \((now - lastProgress).inWords), and has not refused it\(why)\(behind)"
      )
    }
  }
}

extension Duration {
  /// `35 s`, `12 min`, `3 h`, for messages.
  var inWords: String {
    switch components.seconds {
    case ..<1: "\(max(0, components.attoseconds / 1_000_000_000_000_000)) ms"
    case ..<120: "\(components.seconds) s"
    case ..<7200: "\(components.seconds / 60) min"
    default: "\(components.seconds / 3600) h"
    }
  }
}
