// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import IntegrationEvents
import OutboxMapping
import PostgresWire

/// The relay's side of the clean-up after delivery: which rows are to be cleaned up, how many may wait for that, and telling what
/// is in the way. Delivery does not wait for it; the confirmation does.
struct CleanUpDesk {
  /// While no more wait than these, reading goes on.
  private static let most = (rows: 100_000, bytes: 16 << 20)
  /// When a clean-up that fails is told of again, at first and at most: what is over before the first is not told.
  private static let reminders = (first: Duration.seconds(2), last: Duration.seconds(600))

  private let worker: CleanUpWorker
  private let office: DeadLetterOffice
  private let polling: PollDesk?
  /// What the server knows the configured tables by.
  var tables: [ObjectID]
  private var reminder = Self.reminders.first
  private var toldReason: Wording?
  private var isAbsenceTold = false

  init(
    _ cleaner: any RowCleaner, _ office: DeadLetterOffice, _ wakeup: Wakeup, _ tables: [ObjectID], _ polling: PollDesk?
  ) {
    worker = CleanUpWorker(cleaner, wakeup)
    (self.office, self.tables, self.polling) = (office, tables, polling)
  }

  /// How it is getting on.
  var account: CleanUpWorker.Account { worker.account }

  /// Whether reading may go on.
  var hasRoom: Bool {
    let account = worker.account
    return account.waiting < Self.most.rows && account.waitingBytes < Self.most.bytes
  }

  /// Takes the rows of a batch that is durable, and those that have come again beside it, but for those in the dead letters, which
  /// stay; false where there are none.
  func take(_ batch: EventBatch, _ recognised: [RecognisedRow]?, _ number: Int) -> Bool {
    let again = recognised ?? []
    let letters = office.takeLetters(among: again.map(\.position) + batch.events.lazy.map(\.position))
    if !letters.isEmpty { polling?.noteLeft() }
    let rows = batch.events.lazy.filter { $0.outbox > 0 && !letters.contains($0.position) }
      .map { DeliveredRow(outbox: Int($0.outbox), id: batch.text($0.id)) }
    return add(again.filter { !letters.contains($0.position) }.map(\.row) + rows, number)
  }

  private func add(_ rows: some Sequence<DeliveredRow>, _ number: Int) -> Bool {
    var found: [DeliveredRows] = []
    for row in rows {
      if found.last?.outbox != row.outbox {
        let table = tables.indices.contains(row.outbox - 1) ? tables[row.outbox - 1] : nil
        found.append(DeliveredRows(outbox: row.outbox, table: table, ids: []))
      }
      found[found.count - 1].ids.append(row.id)
    }
    if !found.isEmpty { worker.add(.init(number: number, rows: found)) }
    return !found.isEmpty
  }

  /// The batches whose rows are cleaned up since the last call.
  func takeDone() -> [Int] { worker.takeDone() }

  func close() { worker.close() }

  /// Why the clean-up will not be done before somebody has mended something; nil while that is not known.
  var lasting: Failure? {
    guard let trouble = worker.account.trouble, trouble.attempts >= 3, !trouble.failure.isRetryable else { return nil }
    return trouble.failure
  }

  /// The same, for whoever does not wait for that: the sink has what is delivered.
  var stuck: Failure? {
    guard let lasting else { return nil }
    return Failure(
      .drainGivenUp, "what is delivered is not cleaned up, and comes again: \(lasting.what)", advice: lasting.advice,
      sqlState: lasting.sqlState)
  }

  /// Why an end could not wait for it any longer.
  var givenUp: Failure? {
    guard let trouble = worker.account.trouble else { return nil }
    guard trouble.failure.isRetryable else { return trouble.failure }
    return Failure(
      .drainGivenUp, "what is delivered is not confirmed, for its rows are not cleaned up: \(trouble.failure.what)",
      advice: trouble.failure.advice ?? "start again: the rows come again, and are cleaned up then")
  }

  /// Tells that the confirmation waits for the clean-up: once, then after ever longer times, and when it goes on.
  mutating func tell(_ log: RelayLog, now: ContinuousClock.Instant = .now) {
    let account = worker.account
    if account.absent > 0, !isAbsenceTold {
      isAbsenceTold = true
      log.notice(
        """
        \(account.absent) rows whose events are delivered were cleaned up before, or are not in the table any more: somebody \
        else has deleted them, or detached their partition, which is left as it is
        """)
    }
    guard let trouble = account.trouble else {
      if toldReason != nil { log.notice("rows can be cleaned up again; what is delivered is confirmed") }
      (reminder, toldReason) = (Self.reminders.first, nil)
      return
    }
    let length = now - trouble.since
    guard length >= reminder || !trouble.failure.isRetryable && toldReason == nil else { return }
    reminder = min(max(reminder, length) * 2, length + Self.reminders.last)
    toldReason = trouble.failure.what
    let more = hasRoom ? "delivery goes on" : "nothing more is read before that"
    log.warning(
      """
      cannot clean up after delivery for \(length.inWords), and confirms nothing meanwhile: \(trouble.failure); \
      \(account.waiting) rows wait, \(more)
      """)
  }
}

/// A row that has come again although its event is in the sink.
struct RecognisedRow {
  let position: EventPosition
  let row: DeliveredRow
}

extension Pipeline {
  /// Prepares for rows that are cleaned up after delivery.
  ///
  /// - Parameters:
  ///   - held: the newest event that is in the sink.
  ///   - logEnd: what was written before may be the clean-up of an earlier run.
  mutating func cleanUp(with cleaner: any RowCleaner, held: EventPosition?, logEnd: LSN) {
    self.held = held
    isOwnChange = { what, transaction, lsn in
      transaction.map(cleaner.isOwn) ?? false || what == cleaner.statement && lsn < logEnd
    }
  }

  /// Notes a row that comes again, if its event is in the sink: what is only on its way there is not.
  mutating func recognise(_ row: DeliveredRow?, at position: EventPosition) {
    guard let held, position <= held, let row else { return }
    recognised.append(RecognisedRow(position: position, row: row))
  }

  /// The rows that have come again since the last call.
  mutating func takeRecognised() -> [RecognisedRow] {
    defer { recognised = [] }
    return recognised
  }
}
