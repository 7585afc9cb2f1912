// SPDX-License-Identifier: Apache-2.0

import Files
import OutboxMapping
import PostgresWire
import Synchronization

/// Cleans rows up on a thread of its own, many at once, one statement after another: what fails is tried again until it is done.
final class CleanUpWorker: Sendable {
  /// The rows of a batch.
  struct Job: Sendable {
    let number: Int
    let rows: [DeliveredRows]
    var count: Int { rows.reduce(0) { $0 + $1.ids.count } }
    var bytes: Int { rows.reduce(0) { $0 + $1.ids.reduce(0) { $0 + $1.utf8.count + 48 } } }
  }

  /// How it is getting on.
  struct Account: Sendable {
    /// How many rows are cleaned up, and how many were not there any more.
    var cleaned = 0
    var absent = 0
    /// How many rows wait, and how much memory they take.
    var waiting = 0
    var waitingBytes = 0
    /// How many attempts have failed.
    var failures = 0
    /// Why the last attempt failed, how many have in a row, and since when; nil after one that has not.
    var trouble: (failure: Failure, attempts: Int, since: ContinuousClock.Instant)?
  }

  /// How many rows go into one statement; those of one batch may be more.
  private static let mostAtOnce = 1000
  /// How long it waits before it tries again, at first and at most.
  private static let pauses = (first: Duration.milliseconds(100), last: Duration.seconds(5))

  private struct State {
    var jobs: [Job] = []
    var done: [Int] = []
    var account = Account()
    var isWorking = false
    var isClosed = false
  }

  let cleaner: any RowCleaner
  private let wakeup: Wakeup
  private let queue = OwnQueue()
  private let state = Mutex(State())

  init(_ cleaner: any RowCleaner, _ wakeup: Wakeup) { (self.cleaner, self.wakeup) = (cleaner, wakeup) }

  var account: Account { state.withLock(\.account) }

  /// Takes the rows of a batch.
  func add(_ job: Job) {
    let mustStart = state.withLock { state in
      state.jobs.append(job)
      state.account.waiting += job.count
      state.account.waitingBytes += job.bytes
      defer { state.isWorking = true }
      return !state.isWorking
    }
    if mustStart { queue.async { self.work() } }
  }

  /// The batches whose rows are cleaned up since the last call.
  func takeDone() -> [Int] {
    state.withLock { state in
      if state.done.isEmpty { return [] }
      defer { state.done = [] }
      return state.done
    }
  }

  /// No new attempt starts.
  func close() { state.withLock { $0.isClosed = true } }

  private func work() {
    while let jobs = takeJobs() {
      guard perform(jobs) else { return }
      state.withLock { state in
        state.done += jobs.map(\.number)
        for job in jobs {
          state.account.waiting -= job.count
          state.account.waitingBytes -= job.bytes
        }
      }
      wakeup.signal()
    }
  }

  private func takeJobs() -> [Job]? {
    state.withLock { state in
      guard !state.isClosed, !state.jobs.isEmpty else {
        state.isWorking = false
        return nil
      }
      var (end, count) = (0, 0)
      while end < state.jobs.count, count < Self.mostAtOnce {
        count += state.jobs[end].count
        end += 1
      }
      defer { state.jobs.removeFirst(end) }
      return Array(state.jobs[..<end])
    }
  }

  /// Cleans up until it is done; false when it was closed before.
  private func perform(_ jobs: [Job]) -> Bool {
    var pause = Self.pauses.first
    for rows in Self.merged(jobs) {
      while true {
        do throws(Failure) {
          let count = try cleaner.clean(rows)
          state.withLock { state in
            state.account.cleaned += count
            state.account.absent += rows.ids.count - count
            state.account.trouble = nil
          }
          pause = Self.pauses.first
          break
        } catch {
          let failure = error
          state.withLock { state in
            let before = state.account.trouble
            state.account.failures += 1
            state.account.trouble = (failure, (before?.attempts ?? 0) + 1, before?.since ?? .now)
          }
          wakeup.signal()
        }
        let end = ContinuousClock.now + pause
        pause = min(pause * 2, Self.pauses.last)
        while ContinuousClock.now < end, !state.withLock(\.isClosed) { Wakeup.sleep(.milliseconds(50)) }
        if state.withLock(\.isClosed) { return false }
      }
    }
    return true
  }

  /// The rows of a table together.
  private static func merged(_ jobs: [Job]) -> [DeliveredRows] {
    var merged: [DeliveredRows] = []
    for rows in jobs.flatMap(\.rows) {
      if let index = merged.firstIndex(where: { $0.outbox == rows.outbox && $0.table == rows.table }) {
        merged[index].ids += rows.ids
      } else {
        merged.append(rows)
      }
    }
    return merged
  }
}
