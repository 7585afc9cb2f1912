// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import Synchronization
import Testing

@Suite struct DispatchTests {
  let source = MemorySource()
  let notes = Notes()
  var handlers: Handlers

  init() {
    let notes = notes
    handlers = Handlers { notes.add("failure \($0.count): \($0.event) \($0.error)") }
  }

  func run(_ events: any DomainEvent...) async throws {
    try await UnitsOfWork(source, handlers).run { unit in
      unit.transaction.write("work")
      for event in events { unit.raise(event) }
    }
  }

  @Test mutating func `handlers are told in the order in which they were added, events breadth-first`() async throws {
    let notes = notes
    handlers.beforeCommit(Reserved.self) { event, _ in notes.add("reserved \(event.id)") }
    handlers.beforeCommit(Placed.self) { event, unit in
      notes.add("first \(event.id)")
      unit.raise(Reserved(id: event.id))
      unit.raise(Billed(id: event.id))
    }
    handlers.beforeCommit(Placed.self) { event, unit in
      notes.add("second \(event.id)")
      unit.raise(Reserved(id: event.id + 10))
    }
    handlers.beforeCommit(Billed.self) { event, _ in notes.add("billed \(event.id)") }
    try await run(Placed(id: 1), Placed(id: 2))
    #expect(
      notes.words == [
        "first 1", "second 1", "first 2", "second 2", "reserved 1", "billed 1", "reserved 11", "reserved 2", "billed 2",
        "reserved 12",
      ])
  }

  @Test mutating func `what handlers write is committed with the work, and those without a transaction come after`()
    async throws
  {
    let (source, notes) = (source, notes)
    handlers.afterCommit(Placed.self) { event in notes.add("after \(event.id): \(source.words)") }
    handlers.beforeCommit(Placed.self) { event, unit in
      notes.add("before: \(source.words)")
      unit.transaction.write("handler \(event.id)")
    }
    try await run(Placed(id: 1))
    #expect(notes.words == ["before: []", "after 1: [\"work\", \"handler 1\"]"])
  }

  @Test mutating func `a handler before the commit has a veto`() async throws {
    let notes = notes
    handlers.beforeCommit(Placed.self) { _, unit in
      unit.transaction.write("handler")
      throw Refusal()
    }
    handlers.beforeCommit(Placed.self) { _, _ in notes.add("second") }
    handlers.afterCommit(Placed.self) { _ in notes.add("after") }
    await #expect(throws: Refusal()) { try await run(Placed(id: 1)) }
    #expect(source.words.isEmpty)
    #expect(notes.words.isEmpty)
  }

  @Test
  mutating func `what a handler throws after the commit is counted and told, and the others are told of the event`()
    async throws
  {
    let notes = notes
    handlers.afterCommit(Placed.self) { _ in throw Refusal() }
    handlers.afterCommit(Placed.self) { notes.add("after \($0.id)") }
    let units = UnitsOfWork(source, handlers)
    for id in 1...2 { try await units.run { $0.raise(Placed(id: id)) } }
    #expect(
      notes.words == [
        "failure 1: Placed(id: 1) Refusal()", "after 1", "failure 2: Placed(id: 2) Refusal()", "after 2",
      ])
    #expect(units.afterCommitFailures == 2)
  }

  @Test mutating func `a chain of 100 events is allowed, and of 101 not`() async throws {
    handlers.beforeCommit(Placed.self) { event, unit in
      if event.id > 1 { unit.raise(Placed(id: event.id - 1)) }
    }
    try await run(Placed(id: 100))
    let error = await #expect(throws: UnitOfWorkError.self) { try await run(Placed(id: 101)) }
    guard case .cascade(let chain) = error else { throw Refusal() }
    #expect(chain == Array(repeating: "Placed", count: 101))
    #expect(source.words == ["work"])
  }

  @Test mutating func `the error of a chain without an end names its types`() async throws {
    handlers.beforeCommit(Placed.self) { $1.raise(Reserved(id: $0.id)) }
    handlers.beforeCommit(Reserved.self) { $1.raise(Placed(id: $0.id)) }
    let error = await #expect(throws: UnitOfWorkError.self) { try await run(Billed(id: 0), Placed(id: 1)) }
    #expect(
      error?.description
        == "events raise events without an end: Placed → Reserved → Placed → Reserved → Placed → Reserved → … → "
        + "Placed → Reserved → Placed → Reserved → Placed (101)")
  }

  @Test mutating func `events that raise two each come to an end too`() async throws {
    handlers.beforeCommit(Placed.self) { event, unit in
      unit.raise(event)
      unit.raise(event)
    }
    let error = await #expect(throws: UnitOfWorkError.self) { try await run(Placed(id: 1)) }
    guard case .tooManyEvents(10_000, let chain) = error else { throw Refusal() }
    #expect(chain.count == 14)
  }

  @Test func `150 events of one command are no cascade`() async throws {
    try await UnitsOfWork(source, handlers).run { unit in
      for id in 1...150 { unit.raise(Placed(id: id)) }
    }
    #expect(source.transactions == 1)
  }

  @Test mutating func `what is left is taken once, last of all, in its order`() async throws {
    let notes = notes
    handlers.lastly(String.self) { words, transaction in
      notes.add("taken \(words)")
      transaction.write(words.joined())
    }
    handlers.beforeCommit(Placed.self) { event, unit in unit.leave("\(event.id)") }
    handlers.beforeCommit(Reserved.self) { _, _ in notes.add("reserved") }
    try await run(Placed(id: 1), Placed(id: 2), Reserved(id: 3))
    try await run(Reserved(id: 4))
    #expect(notes.words == ["reserved", "taken [\"1\", \"2\"]", "reserved"])
    #expect(source.words == ["work", "12", "work"])
  }

  @Test mutating func `what is left and nobody takes is an error, and nothing is committed`() async throws {
    handlers.beforeCommit(Placed.self) { $1.leave($0.id) }
    let error = await #expect(throws: UnitOfWorkError.self) { try await run(Placed(id: 1)) }
    #expect(error?.description.hasPrefix("nobody takes Int: ") == true)
    #expect(source.words.isEmpty)
  }

  /// Runs a unit whose only item is taken by `take`, which has the runner.
  private mutating func run(
    taking take: @escaping @Sendable (UnitsOfWork<MemorySource>) async throws -> Void
  ) async throws {
    let notes = notes
    let runner = Mutex<UnitsOfWork<MemorySource>?>(nil)
    handlers.beforeCommit(Placed.self) { event, _ in notes.add("before \(event.id)") }
    handlers.lastly(Int.self) { numbers, _ in notes.add("taken \(numbers)") }
    handlers.lastly(String.self) { _, _ in
      if let units = runner.withLock({ $0 }) { try await take(units) }
    }
    let units = UnitsOfWork(source, handlers)
    runner.withLock { $0 = units }
    try await units.run { $0.leave("last") }
  }

  @Test mutating func `a unit inside what takes last of all is refused, for nobody would hear what it raises`()
    async throws
  {
    let error = await #expect(throws: UnitOfWorkError.self) {
      try await run { units in
        try await units.run { unit in
          unit.transaction.write("late")
          unit.raise(Placed(id: 1))
          unit.leave(7)
        }
      }
    }
    guard case .joinedLate = error else { throw Refusal() }
    #expect(source.transactions == 1)
    #expect(source.words.isEmpty)
    #expect(notes.words.isEmpty)
  }

  @Test mutating func `a unit that was refused there and is missed by nobody fails the one around it`() async throws {
    let error = await #expect(throws: UnitOfWorkError.self) {
      try await run { units in
        try? await units.run { unit in
          unit.transaction.write("half")
          throw Refusal()
        }
      }
    }
    guard case .innerUnitFailed(UnitOfWorkError.joinedLate) = error else { throw Refusal() }
    #expect(source.words.isEmpty)
  }

  @Test
  mutating func `a unit of a task that nobody waited for, when all is being handed over, is not committed unheard`()
    async throws
  {
    let (go, done) = (AsyncStream.makeStream(of: Void.self), AsyncStream.makeStream(of: Void.self))
    handlers.lastly(String.self) { _, _ in
      go.continuation.finish()
      for await _ in done.stream {}
    }
    let runner = UnitsOfWork(source, handlers)
    let error = await #expect(throws: UnitOfWorkError.self) {
      try await runner.run { unit in
        unit.leave("last")
        Task {
          defer { done.continuation.finish() }
          for await _ in go.stream {}
          try await runner.run { unit in
            unit.transaction.write("late")
            unit.raise(Placed(id: 1))
          }
        }
      }
    }
    guard case .innerUnitFailed(UnitOfWorkError.joinedLate) = error else { throw Refusal() }
    #expect(source.words.isEmpty)
  }
}
