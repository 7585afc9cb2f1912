// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Reconnect {
    @Test func `when its walsender is terminated again and again, the file has every row once`() throws {
      try withDatabase { database in
        let stream = try database.streamToFile()
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 3000, 0.001);\n")
        writer.closeInput()
        var terminated = 0
        while writer.isRunning {
          let answer = try database.psql(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '\(database.slot)' AND active"
          )
          if answer == "t" { terminated += 1 }
          Thread.sleep(forTimeInterval: 0.3)
        }
        #expect(terminated > 2)
        try wait(until: "all is delivered") { database.fileLines.count >= 3000 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        #expect(try Event.read(database.fileLines).numbers == Array(1...3000))
        #expect(stream.messages.contains { $0.contains("57P01") && $0.contains("trying again") })
      }
    }

    @Test(arguments: [15, 18], ["restart", "kill"])
    func `when the server goes and comes back, the file has every row once`(version: Int, way: String) throws {
      try TestServer.with(version: version) { server in
        try server.withDatabase { database in
          let stream = try database.streamToFile()
          try database.waitUntilStreaming()
          for round in 0..<2 {
            let first = round * 1000 + 1
            let writer = try database.session()
            try writer.write("CALL place_one_by_one(\(first), \(first + 999), 0.0005);\n")
            writer.closeInput()
            try wait(until: "some are delivered") { database.fileLines.count > round * 1000 + 100 }
            if way == "restart" {
              try server.restart()
            } else {
              try server.kill()
              try server.start()
            }
            _ = try writer.exitCode()
            // The writer was cut off: what it has committed is what counts.
            let last = try database.committedNumbers().max() ?? first
            if last < first + 999 { try database.psql("CALL place_one_by_one(\(last + 1), \(first + 999));") }
          }
          try wait(until: "all is delivered") { database.fileLines.count >= 2000 }
          stream.signal(SIGTERM)
          #expect(try stream.exitCode() == 0)
          #expect(try Event.read(database.fileLines).numbers == Array(1...2000))
        }
      }
    }

    @Test func `after a lost connection, standard output repeats no more than was under way`() throws {
      try withDatabase { database in
        let stream = try database.stream()
        try database.psql("CALL place_one_by_one(1, 200);")
        try wait(until: "all is delivered") { stream.output.lineCount == 200 }
        // Confirmed within a second; then nothing is under way any more.
        let last = try #require(Event.read(stream.output.lines).last)
        try wait(until: "all is confirmed") { try database.hasConfirmed(last.commitLSN) }
        try database.psql(
          "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '\(database.slot)';")
        try database.psql("CALL place_one_by_one(201, 300);")
        try wait(until: "the rest is delivered") { stream.output.lineCount >= 300 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCodeAfterAllOutput() == 0)
        #expect(try Event.read(stream.output.lines).numbers == Array(1...300))
      }
    }

    @Test func `without retries, a lost connection is an error`() throws {
      try withDatabase { database in
        let stream = try database.stream(["--no-retry"])
        try database.waitUntilStreaming()
        try database.psql(
          "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '\(database.slot)';")
        #expect(try stream.exitCode() == 69)
        #expect(stream.complaint?.contains("57P01") == true)
      }
    }
  }
}
