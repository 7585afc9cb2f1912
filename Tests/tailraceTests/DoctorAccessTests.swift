// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What a role may not do, and what it may not see.
  @Suite struct DoctorAccess {
    private func names(_ database: OutboxDatabase, _ role: String) -> [String] {
      ["--database", database.server.connection(to: database.name, user: role)] + database.names.dropFirst(2)
    }

    @Test(arguments: [15, 18])
    func `a role without REPLICATION`(version: Int) throws {
      try withDatabase(version) { database in
        try database.withRole("LOGIN") { role in
          let broken = try database.doctor(names: names(database, role))
          #expect(broken.code == 78)
          let check = try #require(broken["role"])
          #expect(check.state == "failure" && check.found.contains("no REPLICATION"), "\(broken.words)")
          try database.mend(broken)
          let mended = try database.doctor(["--strict"], names: names(database, role))
          #expect(mended.code == 0, "\(mended.words)")
        }
      }
    }

    @Test func `where the right to stream comes with membership of a role, that is what setup and doctor ask for`()
      throws
    {
      try TestServer.with { server in
        try server.withDatabase { database in
          try database.psql("CREATE ROLE rds_replication;")
          try database.withRole("LOGIN") { role in
            let setup = try database.tailrace(
              ["setup"] + names(database, role).dropLast() + ["another", "--create-table"])
            #expect(try setup.exitCode() == 77)
            #expect(setup.complaint?.contains("GRANT rds_replication TO \"\(role)\";") == true, "\(setup.errors.text)")
            let broken = try database.doctor(names: names(database, role))
            #expect(broken["role"]?.mend == ["GRANT rds_replication TO \"\(role)\";"], "\(broken.words)")
            try database.psql("GRANT rds_replication TO \(role);")
            let mended = try database.doctor(names: names(database, role))
            #expect(mended["role"]?.state == "ok", "\(mended.words)")
          }
        }
      }
    }

    @Test func `a wrong password, which is not shown`() throws {
      try withDatabase { database in
        try database.withRole("LOGIN REPLICATION PASSWORD 'the-right-one' IN ROLE secretive") { role in
          let broken = try database.doctor(
            names: names(database, role), environment: ["PGPASSWORD": "the-wrong-one"])
          #expect(broken.code == 78)
          let check = try #require(broken["connection"])
          #expect(check.state == "failure", "\(broken.words)")
          #expect(check.todo.joined().contains("PGPASSWORD"), "\(check.todo)")
          #expect(!broken.words.contains("the-wrong-one"))
          // All that needs a connection is unknown, and nothing else.
          #expect(broken.checks.filter { $0.state == "unknown" }.count == broken.checks.count - 1)
          let mended = try database.doctor(
            ["--strict"], names: names(database, role), environment: ["PGPASSWORD": "the-right-one"])
          #expect(mended.code == 0, "\(mended.words)")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `views that are taken from everybody are unknown, and the grant that is printed shows them`(
      version: Int
    ) throws {
      try withDatabase(version) { database in
        try database.withRole("LOGIN REPLICATION") { role in
          try database.psql("REVOKE SELECT ON pg_catalog.pg_replication_slots FROM PUBLIC;")
          defer { _ = try? database.psql("DROP OWNED BY \(role);") }
          let blind = try database.doctor(names: names(database, role))
          let check = try #require(blind["slot"])
          #expect(check.state == "unknown" && !check.mend.isEmpty, "\(check)")
          #expect(blind["publication"]?.state == "ok", "\(blind.words)")
          let grants = Set(blind.checks.filter { $0.state == "unknown" }.flatMap(\.mend))
          try database.psql(grants.sorted().joined(separator: "\n"))
          #expect(try database.doctor(names: names(database, role))["slot"]?.state == "ok")
        }
      }
    }

    @Test func `a stream that the server would take for a synchronous standby`() throws {
      try TestServer.with(settings: ["synchronous_commit": "local"]) { server in
        try server.withDatabase { database in
          try server.psql("ALTER SYSTEM SET synchronous_standby_names = '*';")
          try server.psql("SELECT pg_reload_conf();")
          try wait(until: "it is in force") { try server.psql("SHOW synchronous_standby_names") == "*" }
          let found = try database.doctor(["--strict"])
          #expect(found.code == 78)
          #expect(found["synchronous-standby"]?.state == "warning", "\(found.words)")
        }
      }
    }

    @Test func `nobody listens, and wrong use stays wrong use`() throws {
      try withDatabase { database in
        let port = try WebServer.freePort()
        let names =
          ["--database", database.server.connection(to: database.name, port: "\(port)")] + database.names.dropFirst(2)
        let broken = try database.doctor(names: names)
        #expect(broken.code == 78)
        #expect(broken["connection"]?.state == "failure", "\(broken.words)")
        let malformed = try database.tailrace(
          ["doctor", "--database", "jdbc:postgresql://a", "--publication", "events", "--slot", "s"])
        #expect(try malformed.exitCode() == 64, "\(malformed.errors.text)")
      }
    }

    @Test func `the table is for people and has the same checks`() throws {
      try withDatabase { database in
        try database.psql("ALTER PUBLICATION events DROP TABLE outbox;")
        let child = try database.tailrace(["doctor"] + database.names)
        #expect(try child.exitCodeAfterAllOutput() == 78)
        let lines = child.output.lines
        #expect(lines.contains { $0.hasPrefix("ok       wal-level") }, "\(child.output.text)")
        #expect(lines.contains { $0.hasPrefix("FAILURE  publication-tables") })
        #expect(lines.contains { $0.contains(#"mend   ALTER PUBLICATION "events" ADD TABLE "public"."outbox";"#) })
        #expect(lines.last?.contains("1 failure") == true)
        #expect(child.messages.isEmpty)
      }
    }
  }
}
