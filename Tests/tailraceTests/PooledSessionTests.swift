// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import PostgresSession
import PostgresWire
import Testing

extension Integration {
  @Suite struct PooledSessions {
    @Test(arguments: [15, 18])
    func `statements give rows and how many they have changed`(version: Int) async throws {
      try await Shop.run(version) { service in
        let session = service.session
        let inserted = try await session.execute("INSERT INTO orders SELECT n, n FROM generate_series(1, 3) n")
        #expect(inserted == 3)
        #expect(try await session.execute("UPDATE orders SET cents = 7 WHERE id <> $1", ["1"]) == 2)
        #expect(try await session.query("SELECT id, cents, NULL FROM orders ORDER BY 1 LIMIT 1") == [["1", "1", nil]])
        #expect(try await session.query("SELECT $1::text IS NULL, $2", [nil, "ä'\\"]) == [["t", "ä'\\"]])
        #expect(try await session.execute("DELETE FROM orders") == 3)
        let failure = await #expect(throws: Failure.self) { try await session.query("SELECT nothing") }
        #expect(failure?.sqlState == "42703")
        await #expect(throws: PostgresSessionError.zeroByte(parameter: 2)) {
          try await session.execute("INSERT INTO orders VALUES ($1, $2)", ["a", "1\u{0}2"])
        }
        await #expect(throws: PostgresSessionError.zeroByteInStatement) {
          try await session.execute("DELETE FROM orders WHERE true\u{0} AND id = '1'")
        }
        await #expect(throws: PostgresSessionError.zeroByteInStatement) {
          try await session.transaction { _ = try await $0.execute("DELETE FROM stock WHERE true\u{0} AND item = 'a'") }
        }
        let found = try await session.query("SELECT count(*) FROM stock")
        #expect(found == [["2"]])
        await #expect(throws: PostgresSessionError.tooManyParameters(65_536)) {
          try await session.query("SELECT $65536", Array(repeating: "", count: 65_536))
        }
      }
    }

    @Test func `what role and database have set holds, the search path too`() async throws {
      try await Shop.run { service in
        let database = service.database
        try database.psql(
          """
          CREATE SCHEMA shop; CREATE TABLE shop.items (n int); INSERT INTO shop.items VALUES (7);
          ALTER DATABASE \(database.name) SET search_path = shop, public;
          ALTER DATABASE \(database.name) SET statement_timeout = '61s';
          """)
        #expect(try await service.session.query("SELECT n FROM items") == [["7"]])
        #expect(try await service.session.query("SHOW statement_timeout") == [["61s"]])
        #expect(
          try await service.session.query("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
            == [["service"]])
      }
    }

    @Test func `a hundred tasks share three connections, and no shared thread waits for the server`() async throws {
      try await Shop.run(15, { $0.connections = 3 }) { service in
        let (session, database) = (service.session, service.database)
        try await withThrowingTaskGroup { group in
          for number in 1...100 {
            group.addTask {
              try await session.transaction { transaction in
                try await transaction.execute("INSERT INTO orders VALUES ($1, pg_backend_pid())", ["\(number)"])
              }
            }
          }
          try await group.waitForAll()
        }
        #expect(try database.psql("SELECT count(*), count(DISTINCT cents) <= 3 FROM orders") == "100|t")
      }
      // More at once than there are threads that tasks share: all of them meet in the server.
      try await Shop.run(15, { $0.connections = 24 }) { service in
        let session = service.session
        let waiting =
          "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
          + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        try await session.transaction { holder in
          try await holder.execute("SELECT pg_advisory_xact_lock(1)")
          try await withThrowingTaskGroup { group in
            for _ in 1...20 { group.addTask { try await session.query("SELECT pg_advisory_xact_lock_shared(1)") } }
            while try await session.query(waiting)[0][0] != "20" { try await Task.sleep(for: .milliseconds(20)) }
            group.cancelAll()
          }
        }
      }
    }

    @Test func `whoever waits for a connection in vain is told so, and whoever is cancelled waits no longer`()
      async throws
    {
      try await Shop.run(
        15,
        {
          $0.connections = 1
          $0.patience = .milliseconds(200)
        }
      ) { service in
        let session = service.session
        try await session.transaction { transaction in
          try await transaction.execute("INSERT INTO orders VALUES ('a', 1)")
          await #expect(throws: PostgresSessionError.allInUse(.milliseconds(200))) {
            try await session.query("SELECT 1")
          }
          let waiting = Task { try await session.query("SELECT 1") }
          waiting.cancel()
          await #expect(throws: CancellationError.self) { try await waiting.value }
        }
        #expect(try await session.query("SELECT id FROM orders") == [["a"]])
      }
    }

    @Test(arguments: [Duration.zero, .microseconds(20)])
    func `no patience at all is not missed`(patience: Duration) async throws {
      let setting: (inout PostgresConfiguration) -> Void = { ($0.connections, $0.patience) = (1, patience) }
      try await Shop.run(15, setting) { service in
        let session = service.session
        try await session.transaction { transaction in
          try await transaction.execute("SELECT 1")
          for _ in 0..<500 {
            let waiting = Task { try await session.query("SELECT 1") }
            let watch = Task {
              try await Task.sleep(for: .seconds(5))
              waiting.cancel()
            }
            let outcome = await waiting.result
            watch.cancel()
            guard case .failure(PostgresSessionError.allInUse) = outcome else {
              Issue.record("\(outcome)")
              break
            }
          }
        }
      }
    }

    @Test func `a refusal that was caught is not committed over without a word`() async throws {
      try await Shop.run { service in
        let failure = await #expect(throws: Failure.self) {
          try await service.session.transaction { transaction in
            try await transaction.execute("INSERT INTO orders VALUES ('a', 1)")
            _ = try? await transaction.execute("INSERT INTO orders VALUES ('b', -1)")
          }
        }
        #expect(failure?.sqlState == "23514")
        let orders = try service.orders()
        #expect(orders.isEmpty)
      }
    }

    @Test func `a transaction that a statement ends, or that is used when it is over, is an error`() async throws {
      try await Shop.run { service in
        await #expect(throws: PostgresSessionError.endedByStatement) {
          try await service.session.transaction { _ = try await $0.execute("COMMIT") }
        }
        var kept: PostgresTransaction?
        try await service.session.transaction { kept = $0 }
        await #expect(throws: PostgresSessionError.transactionOver) { try await kept?.execute("SELECT 1") }
        // What stands alone leaves no transaction behind.
        try await service.session.execute("BEGIN; INSERT INTO orders VALUES ('a', 1)")
        #expect(try await service.session.query("SELECT count(*) FROM orders") == [["0"]])
      }
    }

    @Test(arguments: ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN"])
    func `a statement that ends the transaction ends it there, even if that is caught`(end: String) async throws {
      struct Veto: Error {}
      try await Shop.run(15, { $0.connections = 1 }) { service in
        for isThrowing in [false, true] {
          let id = isThrowing ? "b" : "a"
          await #expect(throws: PostgresSessionError.endedByStatement) {
            try await service.session.transaction { transaction in
              try await transaction.execute("INSERT INTO orders VALUES ($1, 1)", [id])
              _ = try? await transaction.execute(end)
              _ = try? await transaction.execute("INSERT INTO orders VALUES ('behind it', 1)")
              if isThrowing { throw Veto() }
            }
          }
        }
        let found = try service.orders()
        #expect(found == (end.hasPrefix("COMMIT") ? ["a", "b"] : []))
        let answer = try await service.session.query("SELECT 1")
        #expect(answer == [["1"]])
      }
    }

    @Test func `several statements at once are refused in a transaction, where one of them could end it`() async throws
    {
      try await Shop.run { service in
        let failure = await #expect(throws: Failure.self) {
          try await service.session.transaction { transaction in
            try await transaction.execute("INSERT INTO orders VALUES ('a', 1)")
            try await transaction.execute("COMMIT; BEGIN")
          }
        }
        #expect(failure?.sqlState == "42601")
        let found = try service.orders()
        #expect(found.isEmpty)
      }
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["COPY (SELECT 1) TO STDOUT", "COPY orders FROM STDIN"])
    func `a copy from or to the client is an error, and leaves a connection that works`(copy: String) async throws {
      try await Shop.run(15, { $0.connections = 1 }) { service in
        let session = service.session
        let failure = await #expect(throws: Failure.self) { try await session.execute(copy) }
        #expect(failure?.what.description.contains("COPY") == true)
        await #expect(throws: Failure.self) {
          try await session.transaction { transaction in
            try await transaction.execute("INSERT INTO orders VALUES ('a', 1)")
            _ = try? await transaction.execute(copy)
          }
        }
        let found = try await session.query("SELECT count(*) FROM orders")
        #expect(found == [["0"]])
      }
    }

    @Test func `connections of a session that is dropped are closed`() async throws {
      try await Shop.run { service in
        for _ in 0..<8 {
          var configuration = service.session.configuration
          configuration.name = "dropped"
          _ = try await PostgresSession(configuration).query("SELECT 1")
        }
        let left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dropped'"
        for _ in 0..<200 where try service.database.psql(left) != "0" { try await Task.sleep(for: .milliseconds(20)) }
        let found = try service.database.psql(left)
        #expect(found == "0")
      }
    }

    @Test func `connections that the server has ended while nobody used them are made anew`() async throws {
      try await Shop.run(15, { $0.connections = 1 }) { service in
        let (session, database) = (service.session, service.database)
        for statement in ["INSERT INTO orders VALUES ('a', 1)", "INSERT INTO orders VALUES ('b', 1)"] {
          _ = try await session.query("SELECT 1")
          try database.psql(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '\(database.name)' AND pid <> pg_backend_pid()"
          )
          if statement.contains("'a'") {
            try await session.transaction { _ = try await $0.execute(statement) }
          } else {
            try await session.execute(statement)
          }
        }
        #expect(try service.orders() == ["a", "b"])
      }
    }

    @Test func `a session that is closed lets nobody begin, and leaves no connection`() async throws {
      try await Shop.run { service in
        let (session, database) = (service.session, service.database)
        try await session.transaction { transaction in
          _ = try await session.query("SELECT 1")
          await session.close()
          await #expect(throws: PostgresSessionError.closed) { try await session.query("SELECT 1") }
          try await transaction.execute("INSERT INTO orders VALUES ('a', 1)")
        }
        #expect(try service.orders() == ["a"])
        let connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(database.name)'"
        while try database.psql(connections) != "1" { try await Task.sleep(for: .milliseconds(20)) }
      }
    }

    @Test func `a server that is not there is a failure that says so`() async throws {
      let session = PostgresSession(PostgresConfiguration(database: "host=127.0.0.1 port=1 user=a dbname=a"))
      let failure = await #expect(throws: Failure.self) { try await session.query("SELECT 1") }
      #expect(failure?.kind == .connection)
      await session.close()
    }
  }
}
