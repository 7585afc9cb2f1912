// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// `tailrace run`: the relays of a configuration file.
  @Suite struct Running {
    @Test(arguments: [15, 18])
    func `one relay of a file delivers what is committed, and stops as a stream does`(version: Int) throws {
      try withDatabase(version) { database in
        let relay = try database.run("relays:\n\(database.relay("orders", "sink: file:\(database.file)"))")
        try database.psql("SELECT place(1, 20);")
        try wait(until: "the events are in the file") { database.fileLines.count == 20 }
        relay.signal(SIGTERM)
        #expect(try relay.exitCode() == 0)
        #expect(try Event.read(database.fileLines).numbers == Array(1...20))
        #expect(relay.messages.contains { $0.contains("streaming from slot \(database.slot)") })
      }
    }

    @Test func `JSON does as well as YAML, and flags count more than the environment and the file`() throws {
      try withDatabase { database in
        let text = """
          {"relays": {"orders": {"database": "\(database.connection)", "publication": "events", "slot": "nowhere",
            "sink": "file:/nowhere/x", "until": "now"}}}
          """
        try database.psql("SELECT place(1);")
        let relay = try database.run(
          text, ["--sink", "file:\(database.file)"],
          environment: ["TAILRACE_SLOT": database.slot, "TAILRACE_SINK": "file:/nowhere/y"])
        #expect(try relay.exitCode() == 0, "\(relay.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == [1])
      }
    }

    @Test func `the environment says for a stream what flags say`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        let variables = [
          "TAILRACE_DATABASE": database.connection, "TAILRACE_PUBLICATION": "events", "TAILRACE_SLOT": database.slot,
          "TAILRACE_SINK": "file:\(database.file)", "TAILRACE_UNTIL": "now", "TAILRACE_NO_RETRY": "true",
        ]
        let stream = try database.tailrace(["stream"], environment: variables)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == [1])
        let wrong = variables.merging(["TAILRACE_NO_RETRY": "perhaps"]) { $1 }
        let refused = try database.tailrace(["stream"], environment: wrong)
        #expect(try refused.exitCode() == 64)
        #expect(refused.complaint?.contains("TAILRACE_NO_RETRY") == true, "\(refused.errors.text)")
      }
    }

    @Test func `one of two relays has a dead receiver, and the other one's events flow`() throws {
      try withDatabase { database in
        try database.makeSlots("\(database.name)_b")
        let dead = try WebServer { _ in nil }
        defer { dead.close() }
        let relays = try database.run(
          """
          admin: 127.0.0.1:0
          relays:
          \(database.relay("dead", "sink: \(dead.url)"))
          \(database.relay("live", slot: "\(database.name)_b", "sink: file:\(database.file)"))
          """)
        let page = try AdminPage(of: relays)
        for number in 1...10 {
          try database.psql("SELECT place(\(number));")
          try wait(until: "event \(number) is in the file") { database.fileLines.count == number }
        }
        try wait(until: "the dead one has tried") { relays.messages.contains { $0.contains("[dead]") } }
        #expect(page.get("/ready?relay=live")?.status == 200)
        #expect(page.get("/status?relay=dead")?.body.contains("\"relay\":\"dead\"") == true)
        #expect(page.get("/ready?relay=nobody")?.status == 404)
        #expect(page.sample("tailrace_events_settled_total{relay=\"live\"}") == 10)
        #expect(page.sample("tailrace_events_settled_total{relay=\"dead\"}") == 0)
        let metrics = page.get("/metrics")?.body ?? ""
        #expect(metrics.components(separatedBy: "# TYPE tailrace_ready gauge").count == 2)
        relays.signal(SIGTERM)
        try wait(until: "the live one is done") {
          relays.messages.contains { $0.contains("[live] delivered 10 events") }
        }
        relays.signal(SIGKILL)
      }
    }
  }
}
