// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What the network between us and the server may do.
  @Suite struct Network {
    @Test func `when the network goes without a word and comes back, the file has every row once`() throws {
      try withLink { database, link in
        let stream = try self.stream(database, link)
        try database.psql("CALL place_one_by_one(1, 300);")
        try wait(until: "events flow") { database.fileLines.count >= 100 }
        link.cut()
        try database.psql("CALL place_one_by_one(301, 600);")
        try wait(until: "the server has given us up") { try database.walsender() == nil }
        Thread.sleep(forTimeInterval: 1)
        #expect(stream.isRunning)
        link.heal()
        try database.psql("CALL place_one_by_one(601, 900);")
        try finish(stream, database, 900)
      }
    }

    @Test func `a connection that stays silent for good is noticed and made anew`() throws {
      try withLink { database, link in
        let stream = try self.stream(database, link)
        try database.psql("CALL place_one_by_one(1, 100);")
        try wait(until: "all is delivered") { database.fileLines.count == 100 }
        link.cut()
        try database.psql("CALL place_one_by_one(101, 200);")
        link.healForNewOnes()
        try finish(stream, database, 200, within: 25)
        #expect(stream.messages.contains { $0.contains("has been silent for") && $0.contains("trying again") })
      }
    }

    @Test func `while a link flaps, nothing is lost and nothing comes twice`() throws {
      try withLink { database, link in
        let stream = try self.stream(database, link)
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 3000, 0.001);\n")
        writer.closeInput()
        var round = 0
        while writer.isRunning {
          round += 1
          Thread.sleep(forTimeInterval: .random(in: 0.05...0.4))
          switch round % 3 {
          case 0: link.reset()
          case 1:
            link.cut()
            Thread.sleep(forTimeInterval: .random(in: 0.05...0.4))
            link.reset()
            link.heal()
          default:
            link.cut()
            Thread.sleep(forTimeInterval: .random(in: 0.05...0.4))
            link.heal()
          }
        }
        #expect(link.count > 3)
        try finish(stream, database, 3000)
      }
    }

    @Test func `a link that carries seven bytes at a time changes nothing`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 300); SELECT place(301);")
        try database.withLink(pieces: 7) { link in
          try finish(stream(database, link), database, 301)
        }
      }
    }

    /// A server that gives its clients up early, and a link to it.
    private func withLink(_ body: (OutboxDatabase, Link) throws -> Void) throws {
      try TestServer.with(settings: ["wal_sender_timeout": "1500ms"]) { server in
        try server.withDatabase { database in try database.withLink { try body(database, $0) } }
      }
    }

    private func stream(_ database: OutboxDatabase, _ link: Link) throws -> ChildProcess {
      try database.tailrace(["stream"] + database.names(over: link) + ["--sink", "file:\(database.file)"])
    }

    private func finish(
      _ stream: ChildProcess, _ database: OutboxDatabase, _ last: Int, within seconds: Double = 20
    ) throws {
      try wait(until: "all is delivered", within: seconds) { database.fileLines.count >= last }
      stream.signal(SIGTERM)
      #expect(try stream.exitCode() == 0)
      #expect(try Event.read(database.fileLines).numbers == Array(1...last))
    }
  }
}
