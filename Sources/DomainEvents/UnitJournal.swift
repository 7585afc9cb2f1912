// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What happens in a unit, noted in order by everything that works in it.
final class UnitJournal: Sendable {
  /// What has happened and was not undone.
  struct Noted {
    var events: [any DomainEvent] = []
    var items: [(value: any Sendable, type: ObjectIdentifier)] = []
    /// What joined units have thrown.
    var failures: [any Error] = []
  }

  private struct State {
    var noted = Noted()
    /// How much there was at each open savepoint.
    var savepoints: [(events: Int, items: Int, failures: Int)] = []
    /// How many units are inside; nil when it is over.
    var depth: Int? = 0
    /// Whether what was left is being taken: nobody would hear what is noted from here on.
    var isHandedOver = false

    /// Whether there is something inside that is not done yet.
    var isBusy: Bool { depth != 0 || !savepoints.isEmpty }
  }

  private let state = Mutex(State())

  func raise(_ event: some DomainEvent) { state.withLock { $0.noted.events.append(event) } }

  func leave<Item: Sendable>(_ item: Item) {
    state.withLock { $0.noted.items.append((item, ObjectIdentifier(Item.self))) }
  }

  func beginSavepoint() {
    state.withLock { state in
      let noted = state.noted
      state.savepoints.append((noted.events.count, noted.items.count, noted.failures.count))
    }
  }

  /// What was noted since the newest savepoint is a part of what is around it, or has not happened.
  func endSavepoint(isKept: Bool) {
    state.withLock { state in
      guard let extent = state.savepoints.popLast(), !isKept else { return }
      let noted = state.noted
      state.noted.events.removeSubrange(min(extent.events, noted.events.count)...)
      state.noted.items.removeSubrange(min(extent.items, noted.items.count)...)
      state.noted.failures.removeSubrange(min(extent.failures, noted.failures.count)...)
    }
  }

  /// What was noted since the last time. Throws where something inside is not done yet: it might still undo what it has noted.
  ///
  /// - Parameter isLast: whether what was left is taken next, if nothing has been raised: then nobody is let in any more.
  func take(isLast: Bool) throws -> Noted {
    try state.withLock { state in
      guard !state.isBusy else { throw UnitOfWorkError.innerUnitRunning }
      let noted = state.noted
      state.noted = Noted()
      state.isHandedOver = isLast && noted.events.isEmpty
      return noted
    }
  }

  /// Enters the unit from inside of so many. Gives how many events there are before those of whoever enters; nil where it is over.
  func enter(from depth: Int) throws -> Int? {
    try state.withLock { state in
      guard let inside = state.depth else { return nil }
      if state.isHandedOver {
        // Whoever makes nothing of it must not have the rest committed for that.
        state.noted.failures.append(UnitOfWorkError.joinedLate)
        throw UnitOfWorkError.joinedLate
      }
      guard inside == depth else { throw UnitOfWorkError.joinedAtOnce }
      state.depth = depth + 1
      return state.noted.events.count
    }
  }

  /// What was raised behind so many events.
  func events(behind count: Int) -> ArraySlice<any DomainEvent> { state.withLock { $0.noted.events.dropFirst(count) } }

  func exit(throwing error: (any Error)?) {
    state.withLock { state in
      state.depth = state.depth.map { $0 - 1 }
      if let error { state.noted.failures.append(error) }
    }
  }

  /// Lets nobody in any more.
  func close() { state.withLock { $0.depth = nil } }

  /// The same before the commit. Throws where something inside has failed or is not done, or has noted what nobody has taken.
  func end() throws {
    try state.withLock { state in
      defer { state.depth = nil }
      if let error = state.noted.failures.first { throw UnitOfWorkError.innerUnitFailed(error) }
      guard !state.isBusy else { throw UnitOfWorkError.innerUnitRunning }
      guard state.noted.events.isEmpty, state.noted.items.isEmpty else { throw UnitOfWorkError.joinedLate }
    }
  }
}
