// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What is wrong with a poll is told before the first event, with what mends it.
  @Suite struct PollRefusals {
    private static let versions = [15, 18]

    private func refuses(
      _ database: OutboxDatabase, _ options: [String], as role: String = "postgres", code: Int32, _ words: String...
    ) throws {
      let poller = try database.poll(["--until", "now"] + options, as: role)
      #expect(try poller.exitCodeAfterAllOutput(within: 60) == code, "\(poller.errors.text)")
      for word in words { #expect(poller.errors.text.contains(word), "\(poller.errors.text)") }
      #expect(poller.output.lines.isEmpty)
    }

    @Test func `what makes no sense is told at once`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        try database.psql("SELECT place(1, 3);")
        try refuses(database, [], code: 64, "--after-delivery")
        try refuses(
          database, ["--after-delivery", "keep"], code: 64, "--checkpoint", "--after-delivery delete", "mark")
        let delete = ["--after-delivery", "delete"]
        for interval in ["0", "0s", "-1s", "0ms"] {
          try refuses(database, delete + ["--poll-interval=\(interval)"], code: 64, "--poll-interval")
        }
        try refuses(database, delete + ["--message-prefix", "x"], code: 64, "table")
        try refuses(database, delete + ["--on-change", "fail"], code: 64, "--on-change", "only a stream")
        try refuses(database, delete + ["--sink", "redis://127.0.0.1:9"], code: 64, "--redis-id auto")
        try refuses(
          database, delete + ["--table", "outbox", "--table", "public.other"], code: 64, "one table is polled")
        for column in ["id", "payload", "occurred_at", "headers"] {
          try refuses(
            database, ["--after-delivery", "mark", "--mark-column", column], code: 64, "--mark-column", column)
        }
        try refuses(
          database, ["--after-delivery", "mark", "--order-by", "dispatched_at"], code: 64, "--order-by")
        try refuses(database, delete + ["--order-by", ""], code: 64, "--order-by")
        try refuses(database, delete + ["--order-by", "nothing"], code: 78, "no column nothing", "--order-by")
        try refuses(database, delete + ["--table", "public.nothing"], code: 78, "does not exist", "--table")
        #expect(try database.unpolled() == 3)
      }
    }

    @Test(arguments: versions)
    func `a table without a key, and a column without a value, are told`(version: Int) throws {
      try withDatabase(version, PollDatabase.schema) { database in
        try database.psql(
          "SELECT place(1, 3); ALTER TABLE outbox ADD COLUMN rank int; UPDATE outbox SET rank = 1 WHERE payload->>'n' <> '2';"
        )
        let delete = ["--after-delivery", "delete"]
        try refuses(
          database, delete + ["--order-by", "rank"], code: 78, "column \"rank\"", "has no value", "SET NOT NULL",
          "--order-by")
        try database.psql("ALTER TABLE outbox DROP CONSTRAINT outbox_pkey;")
        try refuses(database, delete, code: 78, "no primary key", "ADD PRIMARY KEY (id)")
        #expect(try database.unpolled() == 3)
      }
    }

    @Test(arguments: versions)
    func `a role that may not read or clean up is told what it lacks`(version: Int) throws {
      try withDatabase(version, PollDatabase.schema) { database in
        try database.psql("SELECT place(1, 3);")
        try database.withRole("LOGIN") { role in
          let delete = ["--after-delivery", "delete"]
          let mark = ["--after-delivery", "mark"]
          try refuses(database, delete, as: role, code: 77, "GRANT SELECT", "DELETE ON", "TO \"\(role)\";")
          try refuses(database, mark, as: role, code: 77, "GRANT SELECT", "UPDATE (")
          try database.psql("GRANT SELECT (id), DELETE ON outbox TO \(role);")
          try refuses(database, delete, as: role, code: 77, "GRANT SELECT")
          try database.psql("GRANT SELECT, DELETE ON outbox TO \(role);")
          let poller = try database.poll(delete + ["--until", "now"], as: role)
          #expect(try poller.exitCodeAfterAllOutput(within: 60) == 0, "\(poller.errors.text)")
          #expect(try Event.read(poller.output.lines).numbers == [1, 2, 3])
          #expect(try database.unpolled() == 0)
          try database.psql("SELECT place(1, 3); ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;")
          try refuses(database, delete, as: role, code: 77, "ALTER ROLE \"\(role)\" BYPASSRLS;")
          try database.psql("ALTER ROLE \(role) BYPASSRLS;")
          let again = try database.poll(delete + ["--until", "now"], as: role)
          #expect(try again.exitCodeAfterAllOutput(within: 60) == 0, "\(again.errors.text)")
          #expect(again.output.lines.count == 3)
          try database.psql("DROP OWNED BY \(role);")
        }
      }
    }

    @Test(arguments: ["transaction", "statement"], [["delete"], ["mark"], ["keep", "--checkpoint"]])
    func `a pooler that gives each transaction another session is recognised`(mode: String, way: [String]) throws {
      try withDatabase(15, PollDatabase.schema) { database in
        try database.psql("SELECT place(1, 3);")
        let options = ["--after-delivery"] + way + (way.count > 1 ? [database.files.file("progress")] : [])
        try Pooler.with(database, mode: mode) { connection in
          let poller = try database.tailrace(["poll", "--database", connection, "--until", "now"] + options)
          #expect(try poller.exitCodeAfterAllOutput(within: 60) == 78, "\(poller.errors.text)")
          #expect(poller.errors.text.contains("pool_mode = session"), "\(poller.errors.text)")
          #expect(poller.output.lines.isEmpty)
        }
        // The advice, followed.
        try Pooler.with(database, mode: "session") { connection in
          let poller = try database.tailrace(["poll", "--database", connection, "--until", "now"] + options)
          #expect(try poller.exitCodeAfterAllOutput(within: 60) == 0, "\(poller.errors.text)")
          #expect(try Event.read(poller.output.lines).numbers == [1, 2, 3])
        }
      }
    }

    @Test(arguments: [1, 2, 3])
    func `a pooler that goes round its sessions is recognised, and keeps none of our locks`(sessions: Int) throws {
      try withDatabase(15, PollDatabase.schema) { database in
        try database.psql("SELECT place(1, 3);")
        let others = "default_pool_size = \(sessions)\nmin_pool_size = \(sessions)\nserver_round_robin = 1"
        try Pooler.with(database, mode: "transaction", others: others) { connection in
          for _ in 0..<4 {
            let poller = try database.tailrace(
              ["poll", "--database", connection, "--until", "now", "--after-delivery", "delete"])
            #expect(try poller.exitCodeAfterAllOutput(within: 60) == 78, "\(poller.errors.text)")
            #expect(poller.errors.text.contains("pool_mode = session"), "\(poller.errors.text)")
            #expect(poller.output.lines.isEmpty)
          }
          #expect(try database.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0")
        }
        let poller = try database.poll(["--until", "now", "--after-delivery", "delete"])
        #expect(try poller.exitCodeAfterAllOutput(within: 60) == 0, "\(poller.errors.text)")
        #expect(poller.output.lines.count == 3)
      }
    }

    @Test func `without anything to order rows by it polls, and says so`() throws {
      try withDatabase(15) { database in
        try database.psql("SELECT place(1, 30);")
        let poller = try database.poll(["--after-delivery", "delete", "--until", "now"])
        #expect(try poller.exitCodeAfterAllOutput(within: 60) == 0, "\(poller.errors.text)")
        #expect(try Event.read(poller.output.lines).numbers.sorted() == Array(1...30))
        #expect(poller.errors.text.components(separatedBy: "is not promised").count == 2, "\(poller.errors.text)")
        #expect(poller.errors.text.contains("--order-by"), "\(poller.errors.text)")
      }
    }
  }
}
