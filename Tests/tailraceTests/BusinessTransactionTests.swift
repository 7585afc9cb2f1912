// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import PostgresSession
import PostgresWire
import Synchronization
import Testing

extension Integration {
  @Suite struct BusinessTransactions {
    struct Veto: Error, Equatable {}

    @Test(arguments: [15, 18])
    func `a handler's veto rolls back the command's work, other handlers' and what was raised`(version: Int)
      async throws
    {
      try await Shop.run(version) { service in
        let notes = Notes()
        var handlers = Shop.Handlers { _ in }
        handlers.beforeCommit(OrderPlaced.self) { order, unit in
          try await unit.transaction.execute("UPDATE stock SET pieces = pieces - 1 WHERE item = 'pen'")
          unit.raise(OrderBilled(id: order.id))
        }
        handlers.beforeCommit(OrderBilled.self) { order, _ in if order.id == "b" { throw Veto() } }
        handlers.afterCommit(OrderPlaced.self) { notes.add($0.id) }
        let units = UnitsOfWork(service.session, handlers)
        try await units.run { try await $0.place("a") }
        await #expect(throws: Veto()) { try await units.run { try await $0.place("b") } }
        #expect(try service.orders() == ["a"])
        #expect(try service.database.psql("SELECT pieces FROM stock WHERE item = 'pen'") == "99")
        #expect(notes.words == ["a"])
      }
    }

    @Test func `a handler after the commit that throws undoes nothing, and is counted and told of`() async throws {
      try await Shop.run { service in
        let notes = Notes()
        var handlers = Shop.Handlers { notes.add("\($0.count) \($0.event)") }
        handlers.afterCommit(OrderPlaced.self) { _ in throw Veto() }
        let units = UnitsOfWork(service.session, handlers)
        try await units.run { try await $0.place("a") }
        #expect(try service.orders() == ["a"])
        #expect(notes.words == ["1 OrderPlaced(id: \"a\", cents: 100)"])
        #expect(units.afterCommitFailures == 1)
      }
    }

    @Test func `a savepoint that is rolled back takes its events with it, and the transaction goes on`() async throws {
      try await Shop.run { service in
        let notes = Notes()
        var handlers = Shop.Handlers { _ in }
        handlers.afterCommit(OrderPlaced.self) { notes.add($0.id) }
        try await UnitsOfWork(service.session, handlers).run { unit in
          try await unit.place("a")
          let failure = await #expect(throws: Failure.self) {
            try await unit.savepoint { unit in
              try await unit.place("b")
              try await unit.place("a")
            }
          }
          #expect(failure?.sqlState == "23505")
          try await unit.savepoint { try await $0.place("c") }
        }
        #expect(try service.orders() == ["a", "c"])
        #expect(notes.words == ["a", "c"])
      }
    }

    @Test func `a savepoint whose body hides what the server has refused throws that`() async throws {
      try await Shop.run { service in
        try await service.session.transaction { transaction in
          let failure = await #expect(throws: Failure.self) {
            try await transaction.savepoint { _ = try? await $0.execute("SELECT 1 / 0") }
          }
          #expect(failure?.sqlState == "22012")
          try await transaction.execute("INSERT INTO orders VALUES ('a', 1)")
        }
        #expect(try service.orders() == ["a"])
      }
    }

    @Test(arguments: [15, 18], [PostgresConfiguration.Isolation.repeatableRead, .serializable])
    func `a unit that cannot be serialized with another session's is run again with fresh events`(
      version: Int, isolation: PostgresConfiguration.Isolation
    ) async throws {
      try await Shop.run(version, { $0.isolation = isolation }) { service in
        let notes = Notes()
        let runs = Atomic(0)
        let database = service.database
        var handlers = Shop.Handlers { _ in }
        handlers.afterCommit(OrderPlaced.self) { notes.add("\($0.id) for \($0.cents)") }
        try await UnitsOfWork(service.session, handlers).run { unit in
          let run = runs.add(1, ordering: .relaxed).newValue
          let pieces = try await unit.transaction.query("SELECT pieces FROM stock WHERE item = 'pen'")[0][0]
          try await unit.place("run \(run)", cents: Int(pieces ?? "") ?? 0)
          if run == 1 { try database.psql("UPDATE stock SET pieces = 50 WHERE item = 'pen'") }
          try await unit.transaction.execute("UPDATE stock SET pieces = pieces - 1 WHERE item = 'pen'")
        }
        #expect(notes.words == ["run 2 for 50"])
        #expect(try service.orders() == ["run 2"])
        #expect(try database.psql("SELECT pieces FROM stock WHERE item = 'pen'") == "49")
      }
    }

    @Test func `what the body makes of a serialization failure does not hide it`() async throws {
      try await Shop.run(15, { $0.isolation = .repeatableRead }) { service in
        let runs = Atomic(0)
        let database = service.database
        try await UnitsOfWork(service.session, Shop.Handlers { _ in }).run { unit in
          _ = try await unit.transaction.query("SELECT * FROM stock")
          if runs.add(1, ordering: .relaxed).newValue == 1 { try database.psql("UPDATE stock SET pieces = 50") }
          do {
            try await unit.transaction.execute("UPDATE stock SET pieces = pieces - 1")
          } catch {
            throw Veto()
          }
        }
        #expect(runs.load(ordering: .relaxed) == 2)
      }
    }

    @Test func `of two units in a deadlock one is run again, and both are done`() async throws {
      try await Shop.run { service in
        let units = UnitsOfWork(service.session, Shop.Handlers { _ in })
        let runs = Notes()
        // Each has its first row before either wants its second.
        let met = Notes()
        try await withThrowingTaskGroup { group in
          for (first, second) in [("pen", "ink"), ("ink", "pen")] {
            group.addTask {
              try await units.run { unit in
                runs.add("run")
                let take = "UPDATE stock SET pieces = pieces - 1 WHERE item = $1"
                try await unit.transaction.execute(take, [first])
                met.add(first)
                while met.words.count < 2 { try await Task.sleep(for: .milliseconds(5)) }
                try await unit.transaction.execute(take, [second])
              }
            }
          }
          try await group.waitForAll()
        }
        #expect(runs.words.count == 3)
        #expect(try service.database.psql("SELECT DISTINCT pieces FROM stock") == "98")
      }
    }

    @Test func `a cascade of 101 events is rolled back, and its error names the chain`() async throws {
      try await Shop.run { service in
        var handlers = Shop.Handlers { _ in }
        handlers.beforeCommit(OrderPlaced.self) { order, unit in
          if order.cents > 1 { try await unit.place("\(order.cents - 1)", cents: order.cents - 1) }
        }
        let units = UnitsOfWork(service.session, handlers)
        let error = await #expect(throws: UnitOfWorkError.self) {
          try await units.run { try await $0.place("a", cents: 101) }
        }
        #expect(error?.description.contains("OrderPlaced → OrderPlaced") == true)
        #expect(error?.description.hasSuffix("(101)") == true)
        #expect(try service.orders().isEmpty)
        try await units.run { try await $0.place("a", cents: 100) }
        #expect(try service.orders().count == 100)
      }
    }

    @Test func `units inside others join them, with one connection for all`() async throws {
      try await Shop.run(15, { $0.connections = 1 }) { service in
        let notes = Notes()
        var handlers = Shop.Handlers { _ in }
        handlers.afterCommit(OrderPlaced.self) { notes.add($0.id) }
        let units = UnitsOfWork(service.session, handlers)
        try await units.run { unit in
          try await unit.place("a")
          try await units.run { unit in
            try await unit.place("b")
            try await unit.savepoint { _ in try await units.run { try await $0.place("c") } }
          }
          try await unit.place("d")
        }
        #expect(try service.orders() == ["a", "b", "c", "d"])
        #expect(notes.words == ["a", "b", "c", "d"])
        _ = try? await units.run { unit in
          try await unit.place("e")
          _ = try? await units.run { _ in throw Veto() }
        }
        #expect(try service.orders() == ["a", "b", "c", "d"])
      }
    }

    @Test func `a statement of a task that nobody waited for is never done when its transaction is over`() async throws
    {
      try await Shop.run(15, { $0.connections = 1 }) { service in
        let (session, elsewhere) = (service.session, Elsewhere())
        let tasks = Mutex<[Task<Void, any Error>]>([])
        // Each comes as its transaction ends; some just behind the ROLLBACK.
        for round in 1...2000 {
          try? await session.transaction { transaction in
            let copy = transaction
            let task = Task { try await elsewhere.place("\(round)", copy) }
            tasks.withLock { $0.append(task) }
            if round % 3 == 0 { await Task.yield() }
            throw Veto()
          }
        }
        for task in tasks.withLock({ $0 }) { _ = await task.result }
        let found = try service.orders()
        #expect(found.isEmpty)
      }
    }

    /// Whoever has an executor of its own.
    private actor Elsewhere {
      func place(_ id: String, _ transaction: PostgresTransaction) async throws {
        var transaction = transaction
        try await transaction.execute("INSERT INTO orders VALUES ($1, 1)", [id])
      }
    }

    @Test func `a savepoint whose transaction is over undoes nothing of the connection's next`() async throws {
      try await Shop.run(15, { $0.connections = 1 }) { service in
        let session = service.session
        let (entered, go) = (AsyncStream.makeStream(of: Void.self), AsyncStream.makeStream(of: Void.self))
        let tasks = Mutex<[Task<Void, any Error>]>([])
        await #expect(throws: PostgresSessionError.savepointsAtOnce) {
          try await session.transaction { transaction in
            let copy = transaction
            let task = Task {
              var transaction = copy
              try await transaction.savepoint { _ in
                entered.continuation.finish()
                for await _ in go.stream {}
                throw Veto()
              }
            }
            tasks.withLock { $0.append(task) }
            for await _ in entered.stream {}
          }
        }
        try await session.transaction { transaction in
          try await transaction.execute("INSERT INTO orders VALUES ('a', 1)")
          try await transaction.savepoint { transaction in
            try await transaction.execute("INSERT INTO orders VALUES ('b', 1)")
            go.continuation.finish()
            for task in tasks.withLock({ $0 }) { await #expect(throws: Veto()) { try await task.value } }
          }
        }
        let found = try service.orders()
        #expect(found == ["a", "b"])
      }
    }

    @Test func `of two savepoints side by side neither undoes what is the other's without a word`() async throws {
      try await Shop.run { service in
        await #expect(throws: PostgresSessionError.savepointsAtOnce) {
          try await service.session.transaction { transaction in
            let copy = transaction
            let streams = (0..<3).map { _ in AsyncStream.makeStream(of: Void.self) }
            async let first: Void = {
              var transaction = copy
              try await transaction.savepoint { transaction in
                streams[0].continuation.finish()
                for await _ in streams[1].stream {}
                defer { streams[2].continuation.finish() }
                try await transaction.execute("INSERT INTO orders VALUES ('of the first', 1)")
              }
            }()
            async let second: Void = {
              var transaction = copy
              for await _ in streams[0].stream {}
              defer { streams[1].continuation.finish() }
              try? await transaction.savepoint { _ in
                streams[1].continuation.finish()
                for await _ in streams[2].stream {}
                throw Veto()
              }
            }()
            _ = try await (first, second)
          }
        }
        let found = try service.orders()
        #expect(found.isEmpty)
      }
    }

    @Test func `a savepoint that ends before one that a task has opened inside it is refused`() async throws {
      try await Shop.run { service in
        let (entered, go) = (AsyncStream.makeStream(of: Void.self), AsyncStream.makeStream(of: Void.self))
        defer { go.continuation.finish() }
        await #expect(throws: PostgresSessionError.savepointsAtOnce) {
          try await service.session.transaction { transaction in
            try? await transaction.savepoint { transaction in
              try await transaction.execute("INSERT INTO orders VALUES ('a', 1)")
              let copy = transaction
              Task {
                var transaction = copy
                try await transaction.savepoint { _ in
                  entered.continuation.finish()
                  for await _ in go.stream {}
                }
              }
              for await _ in entered.stream {}
            }
          }
        }
        let found = try service.orders()
        #expect(found.isEmpty)
      }
    }

    @Test(arguments: [15, 18])
    func `a task that is cancelled while the server works rolls back, and the server stops`(version: Int) async throws {
      try await Shop.run(version, { $0.connections = 1 }) { service in
        let units = UnitsOfWork(service.session, Shop.Handlers { _ in })
        let database = service.database
        let sleeping =
          "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(database.name)' AND state = 'active' "
          + "AND wait_event = 'PgSleep'"
        let task = Task {
          try await units.run { unit in
            try await unit.place("a")
            try await unit.savepoint { _ = try await $0.transaction.query("SELECT pg_sleep(300)") }
          }
        }
        // Waiting must block no thread that the task might need.
        while try database.psql(sleeping) != "1" { try await Task.sleep(for: .milliseconds(20)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        while try database.psql(sleeping) != "0" { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try service.orders().isEmpty)
        // The one connection is free again, or another in its place.
        try await units.run { try await $0.place("b") }
        #expect(try service.orders() == ["b"])
      }
    }
  }
}
