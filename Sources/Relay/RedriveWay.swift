// SPDX-License-Identifier: Apache-2.0

import Delivery
import PostgresWire
import Synchronization

/// Letters on their way to a sink, and those that have arrived and wait to be removed.
struct RedriveWay {
  /// How many letters are read at once.
  static let pageSize = 200
  /// How many letters and bytes go in one batch, how many batches may be under way, how many letters are removed at once.
  private static let most = (letters: 16, bytes: 1 << 18, batches: 6, removed: 100)
  /// How long a letter that has arrived may wait to be removed, and how long a wait is when none does.
  private static let waits = (removal: Duration.milliseconds(100), longest: Duration.milliseconds(200))

  private let sink: any Sink
  private let refused: RefusedLetters
  private let control: RunControl
  private let mailbox: Mailbox
  private var watch: DeliveryWatch
  private var batch: [DeadLetter] = []
  private var underWay: [Int: (letters: [DeadLetter], bytes: Int)] = [:]
  private var next = 0
  private var gone: [DeadLetter] = []
  private var goneSince: ContinuousClock.Instant?
  /// Whether each may leave, where somebody has a say in that.
  var check: LetterCheck?
  /// Whether a batch that is not full goes too.
  var isEnding = false
  /// How many letters have arrived.
  private(set) var delivered = 0
  /// How many were refused, or stay behind one that was.
  var stayed = 0
  /// Whether the letter that was added last was one of these, once its fate is known.
  private(set) var lastStayed = false
  private var last: DeadLetter.Identity?

  init(
    _ sink: any Sink, _ refused: RefusedLetters, _ control: RunControl, _ watch: DeliveryWatch,
    _ check: LetterCheck? = nil
  ) {
    (self.sink, self.refused, self.control, self.watch, self.check) = (sink, refused, control, watch, check)
    mailbox = Mailbox(control.wakeup)
  }

  /// Whether nothing is left to wait for.
  var isIdle: Bool { batch.isEmpty && underWay.isEmpty }
  /// Whether nothing is left to do.
  var isSettled: Bool { isIdle && gone.isEmpty }
  /// Whether something has to arrive before more letters are taken.
  var isFull: Bool { batch.count >= Self.most.letters || batchBytes >= Self.most.bytes }

  private var batchBytes: Int { batch.reduce(0) { $0 + $1.event.utf8.count } }

  /// Takes a letter, behind those before it.
  mutating func add(_ letter: DeadLetter) {
    batch.append(letter)
    (last, lastStayed) = (letter.identity, true)
    submit()
  }

  /// A letter goes with one that has arrived.
  mutating func alsoGone(_ letter: DeadLetter) {
    gone.append(letter)
    goneSince = goneSince ?? .now
  }

  /// What is not under way yet stays.
  mutating func stop() {
    batch = []
    isEnding = true
  }

  private mutating func submit() {
    guard !batch.isEmpty, isEnding || isFull, underWay.count < Self.most.batches,
      sink.window.hasRoom(besides: underWay.count, bytes: underWay.values.reduce(0) { $0 + $1.bytes })
    else { return }
    var events = EventBatch()
    // One that somebody has edited may hold no event.
    let whole = batch.filter { (try? events.append($0)) != nil && mayLeave($0, &events) }
    stayed += batch.count - whole.count
    batch = []
    guard !whole.isEmpty else { return }
    underWay[next] = (whole, events.bytes.count)
    next += 1
    mailbox.submit(events, next - 1, to: sink)
  }

  /// Takes the last event back if it must not leave, or stays behind one that must not.
  private mutating func mayLeave(_ letter: DeadLetter, _ events: inout EventBatch) -> Bool {
    guard check?.mayLeave(letter, last: &events) == false else { return true }
    events.drop(from: events.events.count - 1)
    return false
  }

  /// Waits a moment for an answer; a failure is one of the whole sink.
  mutating func wait() -> Failure? {
    submit()
    var answers = mailbox.take()
    if answers.isEmpty, !underWay.isEmpty {
      control.wait(for: nil, atMost: gone.isEmpty ? Self.waits.longest : Self.waits.removal)
      answers = mailbox.take()
    }
    var failure: Failure?
    for answer in answers {
      guard let letters = underWay.removeValue(forKey: answer.number)?.letters else { continue }
      failure = failure ?? answer.failure
      if answer.failure == nil { arrive(letters) }
    }
    submit()
    watch.look(at: sink, isBusy: !isIdle, delivered: delivered)
    return failure
  }

  private mutating func arrive(_ letters: [DeadLetter]) {
    for letter in letters {
      let stays = refused.take(letter.identity)
      if letter.identity == last { lastStayed = stays }
      if stays {
        stayed += 1
      } else {
        delivered += 1
        alsoGone(letter)
      }
    }
  }

  /// Those that have arrived, if it is time to remove them.
  mutating func takeGone(all: Bool) -> [DeadLetter] {
    guard let since = goneSince,
      all || gone.count >= Self.most.removed || ContinuousClock.now - since >= Self.waits.removal
    else { return [] }
    defer { (gone, goneSince) = ([], nil) }
    return gone
  }
}

/// Takes note of letters that are refused again, and of those that stay behind them; they are where they were.
final class RefusedLetters: DeadLetterStore {
  private struct State {
    var letters: Set<DeadLetter.Identity> = []
    var aggregates: Set<Aggregate> = []
  }

  private let state = Mutex(State())

  /// Whether a letter was among them; it is told once.
  func take(_ letter: DeadLetter.Identity) -> Bool { state.withLock { $0.letters.remove(letter) != nil } }

  func append(_ letters: [DeadLetter]) throws(Failure) {
    state.withLock { state in
      for letter in letters {
        state.letters.insert(letter.identity)
        if let aggregate = letter.aggregate { state.aggregates.insert(aggregate) }
      }
    }
  }

  func appendBehindOthers(_ letter: DeadLetter) throws(Failure) -> Parking {
    state.withLock { state in
      guard let aggregate = letter.aggregate, state.aggregates.contains(aggregate) else { return .free }
      state.letters.insert(letter.identity)
      return .parked
    }
  }

  func letters(matching query: LetterQuery, after mark: LetterMark?, limit: Int) throws(Failure) -> LetterPage {
    LetterPage(letters: [], next: nil)
  }

  func remove(_ letters: [DeadLetter]) throws(Failure) {}
}
