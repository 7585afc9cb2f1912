// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import PostgresWire

/// The relay's side of the dead letters: what has to be done before anything more may be read, while the server is answered
/// all the same.
///
/// Rows that cannot become events, and events that must not leave, are durable before any later event may become so, for a sink that resumes behind that one
/// would not see them again.
struct LetterDesk {
  private let office: DeadLetterOffice
  private let mailbox: Mailbox
  /// How many jobs are under way.
  private var jobs = 0
  private var kept: [DeadLetter] = []
  /// Since when something has been under way, and how long that may take before it is told.
  private(set) var since: ContinuousClock.Instant?
  private var patience = Self.firstPatience
  private static let firstPatience: Duration = .seconds(4)
  /// How many rows are kept.
  private(set) var keptRows = 0
  /// How many events are kept that must not leave.
  private(set) var keptEvents = 0

  init(_ office: DeadLetterOffice, _ wakeup: Wakeup) {
    self.office = office
    mailbox = Mailbox(wakeup)
  }

  /// Whether something is under way.
  var isBusy: Bool { jobs > 0 }

  /// Finds out whose events are parked.
  mutating func refresh() {
    jobs += 1
    office.refresh { [mailbox] failure in mailbox.post(.init(number: 0, failure: failure)) }
  }

  /// Keeps rows that could not become events, and events that must not leave.
  mutating func keep(_ rows: [DeadLetter]) {
    guard !rows.isEmpty else { return }
    jobs += 1
    kept += rows
    office.keep(rows) { [mailbox] failure in mailbox.post(.init(number: rows.count, failure: failure)) }
  }

  /// Why something could not be done; says what has been.
  mutating func takeFailure(_ log: RelayLog) -> Failure? {
    for answer in mailbox.take() {
      jobs -= 1
      if let failure = answer.failure { return failure }
      guard answer.number > 0 else { continue }
      let events = kept.prefix(answer.number).count(where: \.isEvent)
      let rows = answer.number - events
      let counts = [(events, "events"), (rows, "rows")].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
      log.warning("\(counts.joined(separator: " and ")) went to the dead letters: \(kept[0].reason)")
      keptRows += rows
      keptEvents += events
      kept.removeFirst(answer.number)
    }
    return nil
  }

  /// Tells that nothing is read because of the dead letters, after ever longer times, and when it goes on.
  mutating func tell(_ log: RelayLog, now: ContinuousClock.Instant = .now) {
    guard isBusy else {
      if let since, patience > Self.firstPatience {
        log.notice("the dead letters can be used after \((now - since).inWords); reading goes on")
      }
      (since, patience) = (nil, Self.firstPatience)
      return
    }
    let start = since ?? now
    since = start
    guard now - start >= patience else { return }
    log.warning("has waited for the dead letters for \((now - start).inWords); nothing is read before they can be used")
    patience = min(patience * 2, now - start + .seconds(600))
  }
}
