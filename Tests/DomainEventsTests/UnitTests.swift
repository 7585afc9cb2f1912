// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import Synchronization
import Testing

@Suite struct UnitTests {
  let source = MemorySource()
  let notes = Notes()
  let units: UnitsOfWork<MemorySource>

  init() {
    let notes = notes
    var handlers = Handlers { _ in }
    handlers.beforeCommit(Placed.self) { event, _ in notes.add("before \(event.id)") }
    handlers.afterCommit(Placed.self) { event in notes.add("after \(event.id)") }
    units = UnitsOfWork(source, handlers)
  }

  @Test func `a unit gives what its body gives`() async throws {
    #expect(try await units.run { _ in 7 } == 7)
  }

  @Test func `what is raised in a savepoint that is undone is dropped, with what is inside it`() async throws {
    try await units.run { unit in
      unit.raise(Placed(id: 1))
      try await unit.savepoint { unit in
        unit.transaction.write("kept")
        unit.raise(Placed(id: 2))
        _ = try? await unit.savepoint { unit in
          unit.transaction.write("undone")
          unit.raise(Placed(id: 3))
          try await unit.savepoint { $0.raise(Placed(id: 4)) }
          throw Refusal()
        }
        unit.raise(Placed(id: 5))
      }
      unit.raise(Placed(id: 6))
    }
    #expect(source.words == ["kept"])
    #expect(
      notes.words == ["before 1", "before 2", "before 5", "before 6", "after 1", "after 2", "after 5", "after 6"])
  }

  @Test func `a unit inside another joins it, and what it raises is heard of in its place, once`() async throws {
    let (units, source, notes) = (units, source, notes)
    try await units.run { unit in
      unit.transaction.write("outer")
      unit.raise(Placed(id: 1))
      let inner = try await units.run { unit in
        unit.transaction.write("inner")
        unit.raise(Placed(id: 2))
        try await units.run { $0.raise(Placed(id: 3)) }
        return "done"
      }
      notes.add(inner)
      #expect(source.words.isEmpty)
      unit.raise(Placed(id: 4))
    }
    #expect(source.transactions == 1)
    #expect(source.words == ["outer", "inner"])
    let told = (1...4).map { "before \($0)" } + (1...4).map { "after \($0)" }
    #expect(notes.words == ["done"] + told)
  }

  @Test func `two runners over one source join each other`() async throws {
    let others = UnitsOfWork(source, Handlers { _ in })
    try await units.run { _ in try await others.run { $0.raise(Placed(id: 1)) } }
    #expect(source.transactions == 1)
    #expect(notes.words == ["before 1", "after 1"])
  }

  @Test func `an event that only the runner of an inner unit handles is refused, not left unheard`() async throws {
    let source = source
    var handlers = Handlers { _ in }
    handlers.beforeCommit(Billed.self) { _, unit in unit.transaction.write("billed") }
    let billing = UnitsOfWork(source, handlers)
    try await billing.run { $0.raise(Billed(id: 1)) }
    #expect(source.words == ["billed"])
    let error = await #expect(throws: UnitOfWorkError.self) {
      try await units.run { _ in
        try await billing.run { unit in
          unit.transaction.write("unheard")
          unit.raise(Placed(id: 2))
          unit.raise(Billed(id: 2))
        }
      }
    }
    guard case .notHandled("Billed") = error else { throw Refusal() }
    #expect(source.words == ["billed"])
  }

  @Test func `a unit over another source is one of its own`() async throws {
    let other = MemorySource()
    let others = UnitsOfWork(other, Handlers { _ in })
    _ = try? await units.run { unit in
      unit.transaction.write("undone")
      try await others.run { $0.transaction.write("kept") }
      throw Refusal()
    }
    #expect(source.words.isEmpty)
    #expect(other.words == ["kept"])
  }

  @Test func `a unit whose inner unit failed fails, even if that was caught`() async throws {
    let units = units
    let error = await #expect(throws: UnitOfWorkError.self) {
      try await units.run { unit in
        unit.transaction.write("outer")
        _ = try? await units.run { _ in throw Refusal() }
      }
    }
    guard case .innerUnitFailed(let inner) = error else { throw Refusal() }
    #expect(inner is Refusal)
    #expect(source.words.isEmpty)
  }

  @Test func `an inner unit that failed is forgotten with the savepoint around it`() async throws {
    let units = units
    try await units.run { unit in
      unit.transaction.write("outer")
      _ = try? await unit.savepoint { _ in
        try await units.run { unit in
          unit.transaction.write("inner")
          unit.raise(Placed(id: 1))
          throw Refusal()
        }
      }
    }
    #expect(source.words == ["outer"])
    #expect(notes.words.isEmpty)
  }

  @Test func `two units that join one at once are refused`() async throws {
    let units = units
    await #expect(throws: UnitOfWorkError.self) {
      try await units.run { _ in
        try await units.run { _ in
          // As a task of the outer one's would.
          try await withThrowingTaskGroup { group in
            for _ in 0..<2 {
              group.addTask { try await units.run { _ in try await Task.sleep(for: .milliseconds(50)) } }
            }
            try await group.waitForAll()
          }
        }
      }
    }
    #expect(source.transactions == 1)
  }

  @Test func `a unit whose inner one has a savepoint open when it ends fails, and the savepoint ends behind it`()
    async throws
  {
    let late = Mutex<Task<Void, any Error>?>(nil)
    let streams = (0..<3).map { _ in AsyncStream.makeStream(of: Void.self) }
    let (entered, go, done) = (streams[0], streams[1], streams[2])
    var handlers = Handlers { _ in }
    handlers.beforeCommit(Placed.self) { _, _ in
      go.continuation.finish()
      for await _ in done.stream {}
    }
    let units = UnitsOfWork(source, handlers)
    let error = await #expect(throws: UnitOfWorkError.self) {
      try await units.run { unit in
        unit.raise(Placed(id: 1))
        let task = Task {
          defer { done.continuation.finish() }
          try await units.run { unit in
            try await unit.savepoint { _ in
              entered.continuation.finish()
              for await _ in go.stream {}
              throw Refusal()
            }
          }
        }
        late.withLock { $0 = task }
        for await _ in entered.stream {}
      }
    }
    guard case .innerUnitRunning = error else { throw Refusal() }
    go.continuation.finish()
    await #expect(throws: Refusal()) { try await late.withLock { $0 }?.value }
    #expect(source.words.isEmpty)
  }

  @Test func `a task that outlives its unit gets a unit of its own`() async throws {
    let units = units
    let goOn = AsyncStream.makeStream(of: Void.self)
    let late = try await units.run { _ in
      Task {
        for await _ in goOn.stream { break }
        try await units.run { $0.transaction.write("late") }
      }
    }
    goOn.continuation.yield()
    try await late.value
    #expect(source.transactions == 2)
    #expect(source.words == ["late"])
  }

  @Test func `a unit that got in others' way is run again, with fresh events`() async throws {
    let runs = Atomic(0)
    try await units.run { unit in
      let run = runs.add(1, ordering: .relaxed).newValue
      unit.transaction.write("run \(run)")
      unit.raise(Placed(id: run))
      if run < 3 { throw MemorySource.InTheWay() }
    }
    #expect(source.words == ["run 3"])
    #expect(notes.words == ["before 3", "after 3"])
  }

  @Test func `a unit is run five times at most`() async throws {
    await #expect(throws: MemorySource.InTheWay.self) { try await units.run { _ in throw MemorySource.InTheWay() } }
    #expect(source.transactions == 5)
  }

  @Test func `an inner unit that got in others' way has the outer one run again, even if that was caught`() async throws
  {
    let units = units
    let runs = Atomic(0)
    try await units.run { unit in
      _ = try? await units.run { _ in
        if runs.add(1, ordering: .relaxed).newValue == 1 { throw MemorySource.InTheWay() }
      }
      unit.transaction.write("outer")
    }
    #expect(source.transactions == 2)
    #expect(source.words == ["outer"])
  }

  @Test func `a commit without an answer is not run again, and nobody is told that it has happened`() async throws {
    source.commitErrors.withLock { $0 = [CommitUnknown(transaction: "4711", cause: MemorySource.InTheWay())] }
    let error = await #expect(throws: CommitUnknown.self) { try await units.run { $0.raise(Placed(id: 1)) } }
    #expect(error?.transaction == "4711")
    #expect(source.transactions == 1)
    #expect(notes.words == ["before 1"])
  }

  @Test func `a task that was cancelled commits nothing, even if its work takes no notice`() async throws {
    let units = units
    let task = Task {
      try await units.run { unit in
        unit.raise(Placed(id: 1))
        withUnsafeCurrentTask { $0?.cancel() }
      }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(source.words.isEmpty)
    #expect(notes.words.isEmpty)
  }
}
