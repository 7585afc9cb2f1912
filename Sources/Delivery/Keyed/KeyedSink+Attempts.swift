// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PostgresWire
import Synchronization

/// One parcel's way through attempts, pauses, splitting and dead letters.
extension KeyedSink {
  private typealias Item = DeliveryScheduler.Item

  /// Why a piece of a parcel is given up.
  private struct Refusal {
    let trouble: Attempt.Trouble
    let attempts: Int
    /// Whether one of several events may be to blame for all.
    let mayBlameOne: Bool
    /// When it was tried first, in seconds since 1970.
    let first: Int64
  }

  /// What a piece of a parcel came to.
  private enum Outcome {
    /// Every event is where it belongs, or the sink has stopped.
    case over
    /// These were refused together.
    case refused([Item], Refusal)
  }

  private var hasStopped: Bool { state.withLock(\.hasStopped) }

  /// Sees a parcel through. It holds one of the places for attempts except while it pauses.
  func run(_ parcel: DeliveryScheduler.Parcel) async {
    // The last piece is next. A refused piece is split in two until the one event to blame is found.
    var (parcel, pieces) = (parcel, [parcel.items])
    let number = state.withLock { $0.record.begin() }
    while let piece = pieces.popLast(), !hasStopped {
      let free = await parkedRemoved(piece)
      let later = Set(pieces.joined().map(\.key))
      guard !free.isEmpty, case .refused(let items, let refusal) = await send(free, number, &parcel, besides: later)
      else { continue }
      if items.count > 1, refusal.mayBlameOne {
        pieces.append(Array(items[(items.count / 2)...]))
        pieces.append(Array(items[..<(items.count / 2)]))
      } else {
        if pieces.isEmpty { state.withLock { $0.record.settle(number) } }
        await giveUp(items, refusal)
      }
    }
    state.withLock { state in
      state.running -= 1
      state.record.settle(number)
      state.scheduler.finish(parcel)
    }
    pump()
  }

  /// Tries until the receiver has the piece, or refuses it.
  ///
  /// - Parameters:
  ///   - parcel: what the piece is of; keys of which nothing is left to be tried are given back at once.
  ///   - later: keys of its other pieces.
  private func send(
    _ items: [Item], _ number: Int, _ parcel: inout DeliveryScheduler.Parcel, besides later: Set<Int>
  ) async -> Outcome {
    let began = ContinuousClock.now
    /// When it was tried first, which only a failure wants to know.
    var first: Int64 { PostgresTimestamp.now.unixSeconds - (ContinuousClock.now - began).components.seconds }
    var left = items
    var (attempts, excused) = (0, 0)
    /// How many of them failed since one brought something further.
    var fruitless = 0
    while true {
      attempts += 1
      if hasStopped { return .over }
      let start = ContinuousClock.now
      let attempt: Attempt
      do throws(UnwritableEvent) { attempt = await publisher.publish(try outgoing(left)) } catch {
        attempt = Attempt(.together(.refused(.init(error.reason))))
      }
      if let remark = attempt.remark { state.withLock { $0.record.remark(remark) } }
      let trouble: Attempt.Trouble
      switch attempt.verdicts {
      case .together(.published):
        // Before anybody learns of it: who waited for the last one looks once more whether something fails.
        state.withLock { state in
          state.succeeded(in: .now - start)
          state.record.settle(number)
        }
        finish(left)
        return .over
      case .together(.stop(let error)):
        fail(error)
        return .over
      case .together(.refused(let why)):
        return .refused(left, Refusal(trouble: why, attempts: attempts, mayBlameOne: true, first: first))
      case .together(.retry(let why)): trouble = why
      case .each(let verdicts):
        guard let rest = await sort(&left, verdicts, number, attempts, began) else {
          state.withLock { $0.succeeded(in: .now - start) }
          return .over
        }
        trouble = rest
        if verdicts.contains(.published) { fruitless = 0 }
        // One that was refused may have parked the key of those that are left.
        left = await parkedRemoved(left)
        let kept = later.union(left.map(\.key))
        state.withLock { $0.scheduler.finish(&parcel, except: kept) }
        if left.isEmpty { return .over }
      }
      // What fails because the sink ends is no failure of the events.
      if hasStopped { return .over }
      if trouble.concernsReceiver { excused += 1 }
      let isLast = delivery.retry.maximumAttempts.map { attempts - excused >= $0 } ?? false
      if isLast || left.contains(where: isTooOld) {
        let why = Attempt.Trouble("given up: \(trouble.reason)", status: trouble.status)
        let mayBlameOne = trouble.status != nil && !trouble.concernsReceiver
        let refusal = Refusal(trouble: why, attempts: attempts, mayBlameOne: mayBlameOne, first: first)
        if isLast || mayBlameOne { return .refused(left, refusal) }
        // Age is each event's own.
        await giveUp(left.filter(isTooOld), refusal)
        left = await parkedRemoved(left.filter { !isTooOld($0) })
      }
      guard let head = left.first else { return .over }
      state.withLock { $0.record.fail(number, head, trouble) }
      fruitless += 1
      guard await pause(afterFailures: fruitless, since: start, attempt.retryAfter, trouble, head) else {
        return .over
      }
    }
  }

  /// The events as they leave.
  private func outgoing(_ items: [Item]) throws(UnwritableEvent) -> [OutgoingEvent] {
    guard let encoding = state.withLock(\.encoding) else { return items.map(\.outgoing) }
    return try items.map { (item) throws(UnwritableEvent) in try item.outgoing.encoded(by: encoding) }
  }

  /// Whether a failure of an event is its last one.
  private func isTooOld(_ item: Item) -> Bool {
    delivery.maximumAge.map { ContinuousClock.now - item.batch.began >= $0 } ?? false
  }

  /// Takes out of a piece what has a final verdict; gives why the first of the others has to be tried again, if there are
  /// others.
  private func sort(
    _ items: inout [Item], _ verdicts: [Attempt.Verdict], _ number: Int, _ attempts: Int,
    _ began: ContinuousClock.Instant
  ) async -> Attempt.Trouble? {
    var (again, trouble): ([Item], Attempt.Trouble?) = ([], nil)
    let published = items.indices.filter { $0 < verdicts.count && verdicts[$0] == .published }.map { items[$0] }
    // All at once, and before anything ends the sink.
    if !published.isEmpty {
      state.withLock { state in
        state.failuresInARow = 0
        if published.count == items.count { state.record.settle(number) }
      }
      finish(published)
    }
    for (index, item) in items.enumerated() {
      // An event without a verdict is one nobody knows about.
      let verdict = index < verdicts.count ? verdicts[index] : .retry(.init("no verdict"))
      switch verdict {
      case .published: continue
      case .retry(let why):
        again.append(item)
        trouble = trouble ?? why
      case .refused(let why):
        let first = PostgresTimestamp.now.unixSeconds - (ContinuousClock.now - began).components.seconds
        await giveUp([item], Refusal(trouble: why, attempts: attempts, mayBlameOne: false, first: first))
      case .stop(let error):
        fail(error)
        return nil
      }
    }
    items = again
    return trouble
  }

  /// The receiver has them.
  private func finish(_ items: [Item]) {
    state.withLock { $0.record.deliver(items.count) }
    settle(items)
  }

  /// Each is where it belongs, with the receiver or among the letters.
  private func settle(_ items: [Item]) {
    for item in items where item.batch.finishOne() { open.finish(item.batch.number) }
  }

  /// Gives its place away and waits; false when the sink has stopped meanwhile.
  private func pause(
    afterFailures failures: Int, since start: ContinuousClock.Instant, _ retryAfter: Duration?,
    _ trouble: Attempt.Trouble, _ first: Item
  ) async -> Bool {
    var own = delivery.retry.pause(afterFailures: failures)
    if let longest = trouble.longestPause { own = min(own, longest) }
    // The last attempt is due when the event is too old.
    if let age = delivery.maximumAge { own = min(own, max(.zero, first.batch.began + age - .now)) }
    state.withLock { $0.failed(since: start, retryAfter: retryAfter, isLocal: trouble.isLocal, delivery.retry) }
    pump()
    try? await Task.sleep(for: own)
    await withCheckedContinuation { continuation in
      state.withLock { $0.resuming.append(continuation) }
      pump()
    }
    return !hasStopped
  }

  /// A refused event stops the sink or becomes a dead letter, as the operator has chosen.
  private func giveUp(_ items: [Item], _ refusal: Refusal) async {
    for item in items {
      var letter = letter(item, refusal.trouble.reason, attempts: refusal.attempts, first: refusal.first)
      letter.status = refusal.trouble.status
      do throws(Failure) { try await deadLetters.accept([letter]) } catch { return fail(error) }
      state.withLock { $0.record.keep(item, letter.reason) }
      settle([item])
    }
  }

  /// Events whose key is parked follow the letter that parked it; the others are left.
  private func parkedRemoved(_ items: [Item]) async -> [Item] {
    guard deadLetters.parksKeys else { return items }
    var free: [Item] = []
    for item in items {
      let event = item.outgoing
      let aggregate = Aggregate(type: event.text(item.event.aggregateType), id: event.text(item.event.key))
      guard deadLetters.mayPark(aggregate, at: item.event.position) else {
        free.append(item)
        continue
      }
      let letter = letter(item, "parked behind an earlier event of its key", attempts: 0, first: nil)
      do throws(Failure) {
        guard try await deadLetters.park(letter) else {
          free.append(item)
          continue
        }
        state.withLock { $0.record.keep(item, letter.reason) }
        settle([item])
      } catch {
        fail(error)
        return []
      }
    }
    return free
  }

  private func letter(_ item: Item, _ reason: String, attempts: Int, first: Int64?) -> DeadLetter {
    let now = PostgresTimestamp.now.unixSeconds
    return DeadLetter(
      item.outgoing, reason: reason, attempts: attempts, first: first ?? now, last: now, sink: publisher.destination)
  }
}
