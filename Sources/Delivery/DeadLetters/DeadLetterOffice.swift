// SPDX-License-Identifier: Apache-2.0

import Files
import IntegrationEvents
public import PostgresWire
import Synchronization

/// What happens to an event that cannot be delivered: by default everything stops; with a store, it becomes a dead letter.
public final class DeadLetterOffice: Sendable {
  /// Whether later events of an aggregate follow the one that was parked.
  public let parksKeys: Bool
  /// Where letters are kept; nil to stop instead.
  public let store: (any DeadLetterStore)?
  /// Whose events may have letters, and the first one's position as far as we know: others may remove some.
  private let parked = Mutex<[Aggregate: EventPosition]>([:])
  /// Which events have become letters, where somebody asks for them.
  let memory = Mutex<LetterMemory?>(nil)
  private let queue = OwnQueue()
  /// Whose letters are ours, where others may be beside them.
  private let slot: String?
  private let patience: Patience

  /// Makes an office that stops on the first event that cannot be delivered.
  public init() {
    store = nil
    parksKeys = false
    slot = nil
    patience = Patience(isCancelled: { true }, onWait: { _ in })
  }

  /// Makes an office that keeps letters.
  ///
  /// - Parameters:
  ///   - store: where letters are kept.
  ///   - slot: the slot that the events come from, so that other relays' letters in the same place are told from ours.
  ///   - parksKeys: whether later events of the same aggregate follow a letter.
  ///   - retries: whether a store that cannot do its work now is tried again.
  ///   - isCancelled: asked now and then while a store cannot do its work: true gives up.
  ///   - onWait: told each time such a store will be tried again.
  public init(
    _ store: any DeadLetterStore, of slot: String? = nil, parksKeys: Bool, retries: Bool = true,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    onWait: @escaping @Sendable (Failure) -> Void = { _ in }
  ) {
    self.store = store
    self.slot = slot
    self.parksKeys = parksKeys
    patience = Patience(retries: retries, isCancelled: isCancelled, onWait: onWait)
  }

  /// To be called when the slot has become ours: sees whether letters can be kept, and reads whose events are parked, because
  /// another process may have kept letters meanwhile.
  ///
  /// - Parameter done: called when it is done, on another thread.
  package func refresh(done: @escaping @Sendable (Failure?) -> Void) {
    perform(done) { (office, store) throws(Failure) in
      var found: [Aggregate: EventPosition] = [:]
      try office.patience.perform { () throws(Failure) in
        try store.check()
        let begin = office.memory.withLock { $0?.begin }
        guard office.parksKeys || begin != nil && store.isReadable else { return }
        found = [:]
        var ours = LetterQuery()
        ours.slot = office.slot
        try store.forEachPage(matching: ours, after: office.parksKeys ? nil : begin) { (letters) throws(Failure) in
          office.remember(letters)
          if office.parksKeys { for letter in letters { found.note(letter) } }
        }
      }
      // Our own letters are among them, but for those that come just now.
      let fresh = found
      office.parked.withLock { parked in parked.merge(fresh) { _, new in new } }
    }
  }

  /// Keeps letters, durably.
  ///
  /// - Parameters:
  ///   - letters: at least one.
  ///   - done: called when it is done, on another thread: with a failure where they cannot be kept, or where the policy is
  ///     to stop.
  public func keep(_ letters: [DeadLetter], done: @escaping @Sendable (Failure?) -> Void) {
    if store == nil { return done(Self.refusal(letters[0])) }
    let letters = letters.map(ours)
    perform(done) { (office, store) throws(Failure) in
      try office.patience.perform { () throws(Failure) in try store.append(letters) }
      office.remember(letters)
      guard office.parksKeys else { return }
      office.parked.withLock { parked in
        for letter in letters { parked.note(letter) }
      }
    }
  }

  private func ours(_ letter: DeadLetter) -> DeadLetter {
    var letter = letter
    letter.slot = letter.slot ?? slot
    return letter
  }

  /// The same, in a task.
  func accept(_ letters: [DeadLetter]) async throws(Failure) {
    let failure = await withCheckedContinuation { continuation in keep(letters) { continuation.resume(returning: $0) } }
    if let failure { throw failure }
  }

  /// Whether an event may have to wait behind a letter.
  func mayPark(_ aggregate: Aggregate, at position: EventPosition) -> Bool {
    parksKeys && parked.withLock { $0[aggregate].map { $0 <= position } ?? false }
  }

  /// Keeps a letter if it has to wait behind another; tells whether the event is a letter now, or was one already.
  func park(_ letter: DeadLetter) async throws(Failure) -> Bool {
    guard let aggregate = letter.aggregate else { return false }
    let letter = ours(letter)
    let answer = Mutex(false)
    let failure = await withCheckedContinuation { continuation in
      perform({ continuation.resume(returning: $0) }) { (office, store) throws(Failure) in
        let parking = try office.patience.perform { () throws(Failure) in try store.appendBehindOthers(letter) }
        if parking == .free { office.parked.withLock { _ = $0.removeValue(forKey: aggregate) } }
        // One that stands ahead of the others is to be delivered.
        let isLetter = parking == .parked || parking == .isThere
        if isLetter { office.remember([letter]) }
        answer.withLock { $0 = isLetter }
      }
    }
    if let failure { throw failure }
    return answer.withLock(\.self)
  }

  /// Does something with the store, one after another.
  private func perform(
    _ done: @escaping @Sendable (Failure?) -> Void,
    _ body: @escaping @Sendable (DeadLetterOffice, any DeadLetterStore) throws(Failure) -> Void
  ) {
    guard let store else { return done(nil) }
    queue.async { [self] in
      do throws(Failure) {
        try body(self, store)
        done(nil)
      } catch {
        done(error)
      }
    }
  }

  private static func refusal(_ letter: DeadLetter) -> Failure {
    Failure(
      .refused,
      "event \(letter.id) at \(letter.position.sequence) cannot be delivered to \(letter.sink): \(letter.reason)",
      // Without a status it was not even sent, unless that was given up.
      advice: letter.status == nil && !letter.reason.hasPrefix("given up")
        ? "mend what the row holds or where it is to go, or go on with \(setting: "on-poison", "dead-letter")"
        : "mend the receiver, or go on with \(setting: "on-poison", "dead-letter")")
  }
}

extension [Aggregate: EventPosition] {
  fileprivate mutating func note(_ letter: DeadLetter) {
    guard let aggregate = letter.aggregate else { return }
    self[aggregate] = Swift.min(self[aggregate] ?? letter.position, letter.position)
  }
}
