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
      try withDatabase { database in
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
