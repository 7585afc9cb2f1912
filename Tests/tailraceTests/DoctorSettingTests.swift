// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Where settings come from, and what a server does not let everybody see.
  @Suite struct DoctorSettings {
    private func names(_ database: OutboxDatabase, _ role: String) -> [String] {
      ["--database", database.server.connection(to: database.name, user: role)] + database.names.dropFirst(2)
    }

    @Test(arguments: [15, 18])
    func `a role that may not read pg_settings and pg_roles streams, and doctor sees what it needs`(
      version: Int
    ) throws {
      try withDatabase(version) { database in
        try database.withRole("LOGIN REPLICATION") { role in
          try database.psql(
            "REVOKE SELECT ON pg_catalog.pg_settings FROM PUBLIC; REVOKE SELECT ON pg_catalog.pg_roles FROM PUBLIC; "
              + "SELECT place(1);")
          let found = try database.doctor(["--strict"], names: names(database, role))
          #expect(found.code == 0, "\(found.words)")
          #expect(found.checks.filter { $0.state == "unknown" }.map(\.id) == ["server-disk"])
          #expect(found["wal-sender-timeout"]?.found.contains("60 s") == true, "\(found.checks)")
          #expect(found["server-version"]?.found.contains("pg_settings may not be read") == true)
          #expect(found["role"]?.found.contains("may not read pg_roles") == true)
          let stream = try database.tailrace(["stream", "--until", "now"] + names(database, role))
          #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
          #expect(try Event.read(stream.output.lines).numbers == [1])
        }
      }
    }

    @Test(arguments: ["ROLE", "DATABASE", "ROLE IN DATABASE", "ROLE ALL", "SYSTEM"])
    func `a setting is mended where it is set`(place: String) throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          try database.withRole("LOGIN REPLICATION") { role in
            let target =
              switch place {
              case "ROLE": "ROLE \(role)"
              case "DATABASE": "DATABASE \(database.name)"
              case "ROLE IN DATABASE": "ROLE \(role) IN DATABASE \(database.name)"
              default: place
              }
            try database.psql(
              "ALTER \(target) SET wal_sender_timeout = '1s'; ALTER \(target) SET logical_decoding_work_mem = '64kB'; "
                + "SELECT pg_reload_conf();")
            let broken = try database.doctor(names: names(database, role))
            for id in ["wal-sender-timeout", "decoding-memory"] {
              let check = try #require(broken[id])
              #expect(check.state == "warning" && check.mend.first?.hasPrefix("ALTER") == true, "\(broken.words)")
              #expect(check.mend.first?.contains(place == "SYSTEM" ? "SYSTEM SET" : "RESET") == true, "\(check.mend)")
            }
            try database.mend(broken)
            try wait(until: "it is in force") {
              try database.doctor(["--strict"], names: names(database, role)).code == 0
            }
          }
        }
      }
    }

    @Test func `what this client has set for itself is no matter of the server's`() throws {
      try withDatabase { database in
        let environment = ["PGOPTIONS": "-c wal_sender_timeout=0"]
        let found = try database.doctor(environment: environment)
        let check = try #require(found["wal-sender-timeout"])
        #expect(check.state == "warning" && check.mend.isEmpty, "\(found.words)")
        #expect(check.todo.joined().contains("PGOPTIONS"), "\(check.todo)")
      }
    }

    @Test(arguments: ["session_preload_libraries = 'nosuch'", "idle_session_timeout = '1ms'"])
    func `where a stream gets through, doctor does`(setting: String) throws {
      try withDatabase { database in
        try database.withRole("LOGIN REPLICATION") { role in
          try database.psql("ALTER ROLE \(role) SET \(setting); SELECT place(1);")
          let found = try database.doctor(names: names(database, role))
          #expect(found.code == 0, "\(found.words)")
          #expect(found["slot"]?.state == "ok")
          let isRefused = setting.hasPrefix("session")
          #expect(found["connection"]?.state == (isRefused ? "warning" : "ok"), "\(found.words)")
          let stream = try database.tailrace(["stream", "--until", "now"] + names(database, role))
          #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a second look at a slot of another program makes no second slot`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          "SELECT pg_drop_replication_slot('\(database.slot)'); "
            + "SELECT pg_create_logical_replication_slot('\(database.slot)', 'test_decoding');")
        let broken = try database.doctor()
        #expect(broken["slot"]?.mend.count == 1, "\(broken.words)")
        try database.mend(broken)
        let again = try database.doctor()
        let check = try #require(again["slot"])
        #expect(check.state == "failure" && check.mend.isEmpty, "\(again.words)")
        #expect(check.todo.joined().contains("--slot \(database.slot)_pgoutput"), "\(check.todo)")
        try database.mend(again)
      }
    }

    @Test(arguments: [15, 18])
    func `a client without a name that has the slot is ended`(version: Int) throws {
      try withDatabase(version) { database in
        let other = try database.tailrace(
          ["capture", "--output", database.files.file("capture")] + database.names,
          environment: ["PGAPPNAME": ""])
        try database.waitUntilStreaming()
        let broken = try database.doctor()
        let check = try #require(broken["slot-use"])
        #expect(check.state == "failure" && check.found.contains("without a name"), "\(broken.words)")
        #expect(check.mend.first?.contains("pg_terminate_backend") == true, "\(check.mend)")
        other.signal(SIGTERM)
        _ = try other.exitCode()
        try database.mend(broken)
        #expect(try database.doctor().code == 0)
      }
    }
  }
}
