// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Status {
    /// What `tailrace status` prints, as JSON.
    private func status(_ database: OutboxDatabase, _ options: [String] = []) throws -> [String: Any] {
      let child = try database.tailrace(
        ["status", "--json", "--database", database.connection, "--slot", database.slot] + options)
      #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
      return try #require(try JSONSerialization.jsonObject(with: Data(child.output.text.utf8)) as? [String: Any])
    }

    @Test func `from the database alone it tells down, idle and lost`() throws {
      // Elsewhere others write, and what they write waits.
      try TestServer.with { server in
        try server.withDatabase { database in
          try database.psql("SELECT place(1, 100);")
          let down = try status(database)
          #expect(down["state"] as? String == "down" && down["ready"] is NSNull)
          #expect(((down["lag_bytes"] as? [String: Any])?["confirmed"] as? Int ?? 0) > 1000)
          #expect((down["wal"] as? [String: Any])?["status"] as? String == "reserved")
          let stream = try database.streamToFile()
          try wait(until: "all is written") { database.fileLines.count == 100 }
          try wait(until: "it is idle") { try status(database)["state"] as? String == "idle" }
          stream.signal(SIGTERM)
          _ = try stream.exitCode()
          try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
          #expect(try status(database)["state"] as? String == "lost")
        }
      }
    }

    @Test func `from the admin address it tells what the relay knows, and the database stands in when nobody answers`()
      throws
    {
      try withDatabase { database in
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        try database.psql("SELECT place(1, 100);")
        try wait(until: "all is written") { database.fileLines.count == 100 }
        let admin = ["--admin", "127.0.0.1:\(page.port)"]
        let known = try status(database, admin)
        #expect((known["events"] as? [String: Int])?["settled"] == 100 && known["ready"] as? Bool == true)
        let text = try database.tailrace(["status"] + admin)
        #expect(try text.exitCodeAfterAllOutput() == 0)
        #expect(text.output.text.contains("events        100 read, 100 delivered"), "\(text.output.text)")
        stream.signal(SIGTERM)
        _ = try stream.exitCode()
        try wait(until: "the slot is free") { try database.walsender() == nil }
        #expect(try status(database, admin)["state"] as? String == "down")
        let nobody = try database.tailrace(["status"] + admin)
        #expect(try nobody.exitCode() == 69)
        #expect(try database.tailrace(["status"]).exitCode() == 64)
      }
    }

    @Test(arguments: ["", "--json"])
    func `whoever listens at the admin address steers no terminal`(option: String) throws {
      let foul = "live\u{1B}[2J\u{1B}]0;owned\u{7} \u{202E}evil \u{9B}31m\rstate\u{2028}: live"
      for body in [
        foul, "{\"state\": \"\(foul)\"}", "{\"state\": \"a\u{9B}31m\u{202E}\u{2028}\u{7F}\"}\n", "[1]\n", "{\n}x",
      ] {
        let (listener, port) = try TCP.listen()
        let isOver = DispatchSemaphore(value: 0)
        defer {
          // Closed by nobody else before: its number may be another test's by then.
          shutdown(listener, Int32(SHUT_RDWR))
          isOver.wait()
          close(listener)
        }
        Thread {
          while case let socket = TCP.accept(listener), socket >= 0 {
            var piece = [UInt8](repeating: 0, count: 4096)
            _ = recv(socket, &piece, piece.count, 0)
            let head = "HTTP/1.1 200 OK\r\nserver: tailrace\r\ncontent-length: \(body.utf8.count)\r\n\r\n"
            _ = TCP.send(Array((head + body).utf8), to: socket)
            close(socket)
          }
          isOver.signal()
        }.start()
        let options = ["--admin", "127.0.0.1:\(port)"] + (option.isEmpty ? [] : [option])
        let child = try ChildProcess(Tailrace.path, ["status"] + options)
        let isObject = body.hasPrefix("{\"state\": \"a")
        #expect(try child.exitCodeAfterAllOutput() == (option.isEmpty || isObject ? 0 : 78), "\(child.errors.text)")
        for scalar in (child.output.text + child.errors.text).unicodeScalars where scalar != "\n" {
          let isForeign = [.control, .format, .lineSeparator].contains(scalar.properties.generalCategory)
          #expect(!isForeign, "\(scalar.value)")
        }
        if isObject, !option.isEmpty {
          let read = try JSONSerialization.jsonObject(with: Data(child.output.text.utf8)) as? [String: String]
          #expect(read?["state"] == "a\u{9B}31m\u{202E}\u{2028}\u{7F}")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a slot that is half made, or another program's, is not idle`(version: Int) throws {
      try TestServer.with(version: version) { server in
        try server.withDatabase { database in
          try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
          let open = try database.session()
          try open.write("BEGIN; CREATE TABLE another (n int); SELECT 1;\n")
          try wait(until: "it is open") { open.output.lineCount == 1 }
          let maker = try database.session()
          try maker.write("SELECT pg_create_logical_replication_slot('\(database.slot)', 'pgoutput');\n")
          try wait(until: "it is begun") { try database.walsender() != nil }
          let half = try status(database)
          #expect(half["state"] as? String == "starting", "\(half)")
          #expect((half["reason"] as? String)?.contains("half made") == true, "\(half)")
          try open.write("COMMIT;\n")
          try wait(until: "it is made") { try database.walsender() == nil && !database.confirmed().isEmpty }
          #expect(try status(database)["state"] as? String == "down")
          try database.psql(
            "SELECT pg_drop_replication_slot('\(database.slot)'); "
              + "SELECT pg_create_logical_replication_slot('\(database.slot)', 'test_decoding');")
          let foreign = try status(database)
          #expect(foreign["state"] as? String == "down", "\(foreign)")
          #expect((foreign["reason"] as? String)?.contains("test_decoding") == true, "\(foreign)")
        }
      }
    }

    @Test func `another program's address, or another relay's, is not believed`() throws {
      try withDatabase { database in
        let other = try WebServer { _ in WebServer.Answer(200, headers: ["Server": "nginx"], body: "state  live") }
        defer { other.close() }
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        let here = ["--database", database.connection, "--slot", "orders"]
        for (options, words) in [
          (["--admin", "127.0.0.1:\(other.port)"], ["no admin address of tailrace", "nginx"]),
          (["--admin", "127.0.0.1:\(other.port)"] + here, ["no admin address of tailrace"]),
          (["--admin", "127.0.0.1:\(page.port)"] + here, ["of slot \(database.slot), not of orders"]),
        ] {
          let child = try database.tailrace(["status"] + options)
          let code = try child.exitCodeAfterAllOutput()
          #expect(code == 78 && child.output.text.isEmpty, "\(options): \(code) \(child.output.text)")
          #expect(words.allSatisfy { child.complaint?.contains($0) == true }, "\(child.errors.text)")
        }
        let known = try database.tailrace(["status", "--admin", "127.0.0.1:\(page.port)", "--slot", database.slot])
        #expect(try known.exitCodeAfterAllOutput() == 0, "\(known.errors.text)")
      }
    }

    @Test func `watching, it looks again and again`() throws {
      try withDatabase { database in
        let child = try database.tailrace(
          ["status", "--json", "--watch", "--database", database.connection, "--slot", database.slot])
        try wait(until: "there are three lines") { child.output.lineCount >= 3 }
        #expect(child.output.lines.allSatisfy { $0.hasPrefix(#"{"state":"down","#) })
      }
    }
  }
}
