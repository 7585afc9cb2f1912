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
      state.noted.events.removeSubrange(extent.events...)
      state.noted.items.removeSubrange(extent.items...)
      state.noted.failures.removeSubrange(extent.failures...)
    }
  }

  /// What was noted since the last time.
  func take() -> Noted {
    state.withLock { state in
      let noted = state.noted
      state.noted = Noted()
      return noted
    }
  }

  /// Enters the unit from inside of so many. False where it is over.
  func enter(from depth: Int) throws -> Bool {
    try state.withLock { state in
      guard let inside = state.depth else { return false }
      guard inside == depth else { throw UnitOfWorkError.joinedAtOnce }
      state.depth = depth + 1
      return true
    }
  }

  func exit(throwing error: (any Error)?) {
    state.withLock { state in
      state.depth = state.depth.map { $0 - 1 }
      if let error { state.noted.failures.append(error) }
    }
  }

  /// Lets nobody in any more. False where somebody is inside.
  @discardableResult
  func close() -> Bool {
    state.withLock { state in
      defer { state.depth = nil }
      return state.depth == 0
    }
  }
}
