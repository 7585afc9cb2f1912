// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Making a slot waits for every transaction that is open.
  @Suite struct SetupWaits {
    /// On a server of its own, for others would wait too.
    private func withServer(_ version: Int, _ body: (OutboxDatabase) throws -> Void) throws {
      try TestServer.with(version: version) { server in try server.withDatabase("", body) }
    }

    /// Opens a transaction that a slot has to wait for; gives its process.
    private func open(_ database: OutboxDatabase) throws -> (session: ChildProcess, process: String) {
      let session = try database.session()
      try session.write("BEGIN; CREATE TABLE open_\(database.name) (n int); SELECT pg_backend_pid();\n")
      try wait(until: "it is open") { session.output.lineCount == 1 }
      return (session, session.output.lines[0])
    }

    @Test(arguments: [15, 18])
    func `set-up says what it waits for and how to end it`(version: Int) throws {
      try withServer(version) { database in
        let (_, process) = try open(database)
        let setup = try database.command("setup", ["--create-table"])
        let words = try eventually("it says so") {
          setup.messages.first { $0.contains("notice: waits for") && $0.contains("PID \(process) ") }
        }
        #expect(words.contains("idle in transaction"), "\(words)")
        #expect(setup.isRunning)
        try database.psql("SELECT pg_catalog.pg_terminate_backend(\(process));")
        #expect(words.contains("SELECT pg_catalog.pg_terminate_backend(\(process));"), "\(words)")
        #expect(try setup.exitCode(within: 60) == 0, "\(setup.errors.text)")
      }
    }

    @Test(arguments: [15, 18])
    func `a set-up that is stopped leaves no slot behind`(version: Int) throws {
      try withServer(version) { database in
        let (session, _) = try open(database)
        let setup = try database.command("setup", ["--create-table"])
        try wait(until: "the slot is begun") { try database.confirmed() == "" && database.slots() == 1 }
        setup.signal(SIGTERM)
        #expect(try setup.exitCode() == 69)
        #expect(setup.complaint?.contains("there is none") == true, "\(setup.errors.text)")
        #expect(try database.slots() == 0)
        try session.write("COMMIT;\n")
        try database.follow(setup.complaint.map { $0 + " " } ?? "")
        #expect(try database.slots() == 1)
      }
    }

    /// Leaves a slot half made, behind a transaction that is open in the session that is given back.
    private func beginSlot(_ database: OutboxDatabase) throws -> ChildProcess {
      #expect(try database.command("setup", ["--create-table"]).exitCode() == 0)
      try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
      let (session, _) = try open(database)
      let other = try database.session()
      try other.write("SELECT pg_create_logical_replication_slot('\(database.slot)', 'pgoutput');\n")
      try wait(until: "the slot is begun") { try database.slots() == 1 }
      return session
    }

    @Test(arguments: [15, 18])
    func `a slot that is half made is not taken for one`(version: Int) throws {
      try withServer(version) { database in
        let session = try beginSlot(database)
        for command in ["stream", "setup", "teardown"] {
          let child = try database.command(command)
          #expect(try child.exitCode() == 78)
          #expect(child.complaint?.contains("half made") == true, "\(command): \(child.errors.text)")
          #expect(child.complaint?.contains("then tailrace \(command == "teardown" ? command : "setup")") == true)
        }
        try session.write("COMMIT;\n")
        try wait(until: "it is made") { try !database.confirmed().isEmpty }
        #expect(try database.command("stream", ["--until", "now"]).exitCode() == 0)
      }
    }

    @Test func `a slot that somebody makes half is ended as it is said`() throws {
      try withServer(15) { database in
        let session = try beginSlot(database)
        let stream = try database.command("stream")
        #expect(try stream.exitCode() == 78)
        let steps = try #require(stream.complaint.map { Advice($0) }?.steps)
        guard case .statement(let sql) = steps.first else { throw ChildProcess.Failure(description: "\(steps)") }
        try database.psql(sql)
        try wait(until: "it is gone") { try database.slots() == 0 }
        try session.write("COMMIT;\n")
        try database.follow(stream.complaint?.replacing(sql, with: "") ?? "")
        #expect(try database.command("stream", ["--until", "now"]).exitCode() == 0)
      }
    }

    @Test(arguments: [15, 18])
    func `time limits of the role do not break it`(version: Int) throws {
      try withServer(version) { database in
        try database.withRole("SUPERUSER LOGIN") { role in
          for limit in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
            try database.psql("ALTER ROLE \(role) SET \(limit) = '300ms';")
          }
          let (session, _) = try open(database)
          let connection = database.server.connection(to: database.name, user: role)
          let names = ["--database", connection, "--publication", "events", "--slot", database.slot]
          let setup = try database.tailrace(["setup", "--create-table"] + names)
          try wait(until: "it has waited for a while") { setup.errors.text.contains("waits for") }
          try session.write("COMMIT;\n")
          #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
          #expect(try database.tailrace(["stream", "--until", "now"] + names).exitCode() == 0)
          try database.psql("DROP PUBLICATION events; DROP OWNED BY \(role);")
        }
      }
    }
  }
}

extension OutboxDatabase {
  func slots() throws -> Int? {
    Int(try psql("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '\(slot)'"))
  }
}
