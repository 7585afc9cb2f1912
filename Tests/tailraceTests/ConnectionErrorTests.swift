// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Errors before anything streams: the exit code, one line that says why, and no secret in it.
  @Suite struct ConnectionErrors {
    @Test func `an unknown option is a usage error`() throws {
      let child = try ChildProcess(Tailrace.path, ["stream", "--publication", "events", "--slot", "s", "--frobnicate"])
      #expect(try child.exitCodeAfterAllOutput() == 64)
      #expect(child.complaint?.contains("--frobnicate") == true)
      #expect(child.output.bytes.isEmpty)
    }

    @Test(arguments: [
      "postgresql://user:opensesame@host:port/database", "host=a password='opensesame", "host=a opensesame",
      "postgresql://user:open%zzsesame@host/database", "postgresql://user:opensesame@[::1/database",
    ])
    func `a malformed connection string is a usage error that echoes no password`(text: String) throws {
      let child = try ChildProcess(
        Tailrace.path, ["stream", "--database", text, "--publication", "events", "--slot", "s"])
      #expect(try child.exitCode() == 64)
      #expect(child.complaint?.contains("connection string") == true, "\(child.errors.text)")
      #expect(!child.errors.text.contains("sesame"))
    }

    @Test func `without retries, a server that is down makes it end at once`() throws {
      let child = try ChildProcess(
        Tailrace.path,
        ["stream", "--database", "host=127.0.0.1 port=1", "--publication", "events", "--slot", "s", "--no-retry"])
      #expect(try child.exitCode(within: 10) == 69)
      #expect(child.complaint?.contains("port 1") == true, "\(child.errors.text)")
    }

    @Test func `a server that comes up later is waited for`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          try database.psql("SELECT place(1);")
          try server.stop()
          let stream = try database.stream()
          try wait(until: "it tries again") { stream.errors.text.contains("trying again") }
          try server.start()
          try wait(until: "the event arrives") { stream.output.lineCount == 1 }
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a wrong password and a missing one are refusals that show neither`(version: Int) throws {
      try withDatabase(version) { database in
        try database.withRole("LOGIN REPLICATION PASSWORD 'opensesame' IN ROLE secretive") { role in
          for password in ["wrongsesame", nil] {
            let child = try database.tailrace(
              [
                "stream", "--database", database.server.connection(to: database.name, user: role), "--publication",
                "events", "--slot", database.slot,
              ],
              environment: password.map { ["PGPASSWORD": $0] } ?? ["PGPASSFILE": "/dev/null"])
            #expect(try child.exitCode(within: 10) == 77)
            #expect(child.complaint?.contains("password") == true, "\(child.errors.text)")
            #expect(!child.errors.text.contains("sesame"))
          }
        }
      }
    }

    @Test func `the right password opens the stream, from the environment and from the connection string`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        try database.withRole("LOGIN REPLICATION PASSWORD 'opensesame' IN ROLE secretive") { role in
          let connection = database.server.connection(to: database.name, user: role)
          let names = ["--publication", "events", "--slot", database.slot, "--until", "now"]
          let first = try database.tailrace(
            ["stream", "--database", connection] + names, environment: ["PGPASSWORD": "opensesame"])
          #expect(try first.exitCodeAfterAllOutput() == 0, "\(first.errors.text)")
          #expect(first.output.lineCount == 1)
          let second = try database.tailrace(
            ["stream"] + names, environment: ["TAILRACE_DATABASE": "\(connection) password=opensesame"])
          #expect(try second.exitCodeAfterAllOutput() == 0, "\(second.errors.text)")
          #expect(!(first.errors.text + second.errors.text).contains("sesame"))
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a role without REPLICATION is refused`(version: Int) throws {
      try withDatabase(version) { database in
        try database.withRole("LOGIN") { role in
          let child = try database.tailrace([
            "stream", "--database", database.server.connection(to: database.name, user: role), "--publication",
            "events", "--slot", database.slot,
          ])
          #expect(try child.exitCode(within: 10) == 77)
          #expect(child.complaint?.contains("REPLICATION") == true, "\(child.errors.text)")
        }
      }
    }

    @Test func `a database that does not exist is a configuration error`() throws {
      let server = try server()
      let child = try ChildProcess(
        Tailrace.path,
        ["stream", "--database", server.connection(to: "nowhere"), "--publication", "events", "--slot", "s"])
      #expect(try child.exitCode(within: 10) == 78)
      #expect(child.complaint?.contains("\"nowhere\" does not exist") == true, "\(child.errors.text)")
    }

    @Test func `a password that changes while it streams ends it at the next connection`() throws {
      try withDatabase { database in
        try database.withRole("LOGIN REPLICATION PASSWORD 'opensesame' IN ROLE secretive") { role in
          let child = try database.tailrace(
            [
              "stream", "--database", database.server.connection(to: database.name, user: role), "--publication",
              "events", "--slot", database.slot,
            ],
            environment: ["PGPASSWORD": "opensesame"])
          try database.waitUntilStreaming()
          try database.psql("ALTER ROLE \(role) PASSWORD 'closesesame';")
          try database.terminateWalsender()
          #expect(try child.exitCode(within: 15) == 77)
          #expect(child.complaint?.contains("password") == true, "\(child.errors.text)")
          #expect(!child.errors.text.contains("sesame"))
        }
      }
    }

    @Test func `a role that may replicate no more ends it at the next connection`() throws {
      try withDatabase { database in
        try database.withRole("LOGIN REPLICATION") { role in
          try database.psql("GRANT SELECT ON outbox TO \(role);")
          let child = try database.tailrace([
            "stream", "--database", database.server.connection(to: database.name, user: role), "--publication",
            "events", "--slot", database.slot,
          ])
          try database.waitUntilStreaming()
          try database.psql("ALTER ROLE \(role) NOREPLICATION;")
          try database.terminateWalsender()
          #expect(try child.exitCode(within: 15) == 77)
          #expect(child.complaint?.contains("REPLICATION") == true, "\(child.errors.text)")
          try database.psql("REVOKE ALL ON outbox FROM \(role);")
        }
      }
    }
  }
}
