// SPDX-License-Identifier: Apache-2.0

/// What a unit has raised, handled breadth-first until there is nothing left.
struct UnitDispatch<Transaction: UnitTransaction> {
  private struct Raised {
    let event: any DomainEvent
    /// The event whose handler raised it.
    let cause: Int?
    /// How many lead to it, itself included.
    let depth: Int
  }

  private let handlers: DomainEventHandlers<Transaction>
  private let limits: UnitLimits
  private let journal: UnitJournal
  private var raised: [Raised] = []
  private var items: [(value: any Sendable, type: ObjectIdentifier)] = []

  init(_ handlers: DomainEventHandlers<Transaction>, _ limits: UnitLimits, _ journal: UnitJournal) {
    (self.handlers, self.limits, self.journal) = (handlers, limits, journal)
  }

  /// Does all that is to be done before the commit. Gives the events, in the order in which they were handled.
  mutating func finish(_ unit: inout UnitOfWork<Transaction>) async throws -> [any DomainEvent] {
    var next = 0
    while try hasMore(behind: next) {
      let event = raised[next].event
      let before = handlers.types[ObjectIdentifier(type(of: event))]?.before ?? []
      for handle in before {
        try Task.checkCancellation()
        try await handle(event, &unit)
      }
      if !before.isEmpty { try read(cause: next) }
      next += 1
    }
    try await handOver(&unit.transaction)
    try Task.checkCancellation()
    return raised.map(\.event)
  }

  /// Whether there is an event to be handled. Where there is none, nothing can be raised any more.
  private mutating func hasMore(behind next: Int) throws -> Bool {
    if next == raised.count { try read(cause: nil) }
    return next < raised.count
  }

  private mutating func read(cause: Int?) throws {
    let noted = try journal.take(isLast: cause == nil)
    if let error = noted.failures.first { throw UnitOfWorkError.innerUnitFailed(error) }
    items += noted.items
    let depth = cause.map { raised[$0].depth + 1 } ?? 1
    for event in noted.events {
      raised.append(Raised(event: event, cause: cause, depth: depth))
      guard depth <= limits.cascade else { throw UnitOfWorkError.cascade(chain) }
      guard raised.count <= limits.events else { throw UnitOfWorkError.tooManyEvents(limits.events, chain) }
    }
  }

  /// The types that led to the newest event.
  private var chain: [String] {
    var names: [String] = []
    var place: Int? = raised.count - 1
    while let number = place {
      names.append(String(describing: type(of: raised[number].event)))
      place = raised[number].cause
    }
    return names.reversed()
  }

  private func handOver(_ transaction: inout Transaction) async throws {
    guard !items.isEmpty else { return }
    for item in items where !handlers.takers.contains(where: { $0.item == item.type }) {
      throw UnitOfWorkError.notTaken(String(describing: type(of: item.value)))
    }
    for taker in handlers.takers {
      let taken = items.filter { $0.type == taker.item }.map(\.value)
      if !taken.isEmpty { try await taker.take(taken, &transaction) }
    }
  }
}
