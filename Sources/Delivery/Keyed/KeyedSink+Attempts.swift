// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PostgresWire
import Synchronization

/// One parcel's way through attempts, pauses, splitting and dead letters.
extension KeyedSink {
  private typealias Item = DeliveryScheduler.Item

  /// An event that is tried, with what its attempts came to.
  private struct Tried {
    let item: Item
    /// How many failures count against it: each by its own trouble.
    var failures = 0
    /// Why it has to be tried again.
    var trouble = Attempt.Trouble("no verdict")

    init(_ item: Item) { self.item = item }

    mutating func fail(_ why: Attempt.Trouble) {
      trouble = why
      if !why.concernsReceiver { failures += 1 }
    }

    /// Whether another one that is told the same may be to blame.
    var mayBlameOther: Bool { trouble.status != nil && !trouble.concernsReceiver }
  }

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
      let free = await parkedRemoved(piece.map(Tried.init)).map(\.item)
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
    var left = items.map(Tried.init)
    var attempts = 0
    /// How many of them failed since one brought something further.
    var fruitless = 0
    while true {
      attempts += 1
      if hasStopped { return .over }
      let start = ContinuousClock.now
      let attempt: Attempt
      do throws(UnwritableEvent) { attempt = await publisher.publish(try outgoing(left.map(\.item))) } catch {
        attempt = Attempt(.together(.refused(.init(error.reason))))
      }
      if let remark = attempt.remark { state.withLock { $0.record.remark(remark) } }
      switch attempt.verdicts {
      case .together(.published):
        // Before anybody learns of it: who waited for the last one looks once more whether something fails.
        state.withLock { state in
          state.succeeded(in: .now - start)
          state.record.settle(number)
        }
        finish(left.map(\.item))
        return .over
      case .together(.stop(let error)):
        fail(error)
        return .over
      case .together(.refused(let why)):
        return .refused(left.map(\.item), Refusal(trouble: why, attempts: attempts, mayBlameOne: true, first: first))
      case .together(.retry(let why)):
        for index in left.indices { left[index].fail(why) }
      case .each(let verdicts):
        guard await sort(&left, verdicts, number, attempts, began) else {
          state.withLock { $0.succeeded(in: .now - start) }
          return .over
        }
        if verdicts.contains(.published) { fruitless = 0 }
        // One that was refused may have parked the key of those that are left.
        left = await parkedRemoved(left)
        giveBack(&parcel, except: left, later)
        if left.isEmpty { return .over }
      }
      // What fails because the sink ends is no failure of the events.
      if hasStopped { return .over }
      let (ended, others) = parted(left)
      if let one = oneOfSeveral(ended, among: left) {
        // In their order: what is behind one of them must not be sent before it.
        return .refused(left.map(\.item), refusal(of: one, attempts, mayBlameOne: true, first: first))
      }
      if !ended.isEmpty {
        if ended.count == left.count, later.isEmpty { state.withLock { $0.record.settle(number) } }
        for one in ended where !hasStopped {
          await giveUp([one.item], refusal(of: one, attempts, mayBlameOne: false, first: first))
        }
        if hasStopped { return .over }
        left = await parkedRemoved(others)
        giveBack(&parcel, except: left, later)
      }
      guard let head = left.first else { return .over }
      state.withLock { $0.record.fail(number, head.item, head.trouble) }
      fruitless += 1
      guard await pause(afterFailures: fruitless, since: start, attempt.retryAfter, head.trouble, head.item) else {
        return .over
      }
    }
  }

  /// Others may have the keys of which nothing is left.
  private func giveBack(_ parcel: inout DeliveryScheduler.Parcel, except left: [Tried], _ later: Set<Int>) {
    let kept = later.union(left.map(\.item.key))
    state.withLock { $0.scheduler.finish(&parcel, except: kept) }
  }

  private func refusal(of one: Tried, _ attempts: Int, mayBlameOne: Bool, first: Int64) -> Refusal {
    let why = Attempt.Trouble("given up: \(one.trouble.reason)", status: one.trouble.status)
    return Refusal(trouble: why, attempts: attempts, mayBlameOne: mayBlameOne, first: first)
  }

  /// The events as they leave.
  private func outgoing(_ items: [Item]) throws(UnwritableEvent) -> [OutgoingEvent] {
    guard let encoding = state.withLock(\.encoding) else { return items.map(\.outgoing) }
    return try items.map { (item) throws(UnwritableEvent) in try item.outgoing.encoded(by: encoding) }
  }

  /// Those whose last failure this was, by their number or by their age, and the others.
  private func parted(_ left: [Tried]) -> (ended: [Tried], others: [Tried]) {
    let now = ContinuousClock.now
    var (ended, others): ([Tried], [Tried]) = ([], [])
    for one in left {
      let isLast = delivery.retry.maximumAttempts.map { one.failures >= $0 } ?? false
      let isTooOld = delivery.maximumAge.map { now - one.item.batch.began >= $0 } ?? false
      if isLast || isTooOld { ended.append(one) } else { others.append(one) }
    }
    return (ended, others)
  }

  /// One for whose end another one may be to blame that is told the same.
  private func oneOfSeveral(_ ended: [Tried], among left: [Tried]) -> Tried? {
    guard !ended.isEmpty else { return nil }
    var counts: [Attempt.Trouble: Int] = [:]
    for one in left where one.mayBlameOther { counts[one.trouble, default: 0] += 1 }
    return ended.first { counts[$0.trouble, default: 0] > 1 }
  }

  /// Takes out of a piece what has a final verdict, and notes why each of the others has to be tried again; false where there
  /// are none, or the sink has to stop.
  private func sort(
    _ items: inout [Tried], _ verdicts: [Attempt.Verdict], _ number: Int, _ attempts: Int,
    _ began: ContinuousClock.Instant
  ) async -> Bool {
    var again: [Tried] = []
    let published = items.indices.filter { $0 < verdicts.count && verdicts[$0] == .published }.map { items[$0].item }
    // All at once, and before anything ends the sink.
    if !published.isEmpty {
      state.withLock { state in
        state.failuresInARow = 0
        if published.count == items.count { state.record.settle(number) }
      }
      finish(published)
    }
    for (index, one) in items.enumerated() {
      // An event without a verdict is one nobody knows about.
      let verdict = index < verdicts.count ? verdicts[index] : .retry(.init("no verdict"))
      switch verdict {
      case .published: continue
      case .retry(let why):
        var one = one
        one.fail(why)
        again.append(one)
      case .refused(let why):
        let first = PostgresTimestamp.now.unixSeconds - (ContinuousClock.now - began).components.seconds
        await giveUp([one.item], Refusal(trouble: why, attempts: attempts, mayBlameOne: false, first: first))
      case .stop(let error):
        fail(error)
        return false
      }
    }
    items = again
    return !again.isEmpty
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
  private func parkedRemoved(_ items: [Tried]) async -> [Tried] {
    guard deadLetters.parksKeys else { return items }
    var free: [Tried] = []
    for one in items {
      let item = one.item
      let event = item.outgoing
      let aggregate = Aggregate(type: event.text(item.event.aggregateType), id: event.text(item.event.key))
      guard deadLetters.mayPark(aggregate, at: item.event.position) else {
        free.append(one)
        continue
      }
      let letter = letter(item, "parked behind an earlier event of its key", attempts: 0, first: nil)
      do throws(Failure) {
        guard try await deadLetters.park(letter) else {
          free.append(one)
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
