// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

extension Integration {
  /// `/ready` turns red within half a minute when there is work and nothing moves, and green again by itself.
  @Suite struct Readiness {
    @Test func `a receiver that answers 503 turns it red, and it turns green by itself`() throws {
      try withDatabase { database in
        let isWell = Flag()
        let server = try WebServer { _ in .init(isWell.isSet ? 204 : 503) }
        defer { server.close() }
        let stream = try database.stream(to: server, ["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        try page.wait(untilReady: true, within: 20)
        try database.psql("SELECT place(1, 10);")
        let why = try page.wait(untilReady: false, within: 40)
        #expect(why.hasPrefix("stalled: ") && why.contains("503"), "\(why)")
        #expect(page.get("/live")?.status == 200)
        #expect(page.get("/metrics")?.body.contains(#"reason="it answered 503"#) == true || why.contains("503"))
        isWell.set()
        try page.wait(untilReady: true, within: 60)
      }
    }

    @Test func `a receiver that hangs turns it red`() throws {
      try withDatabase { database in
        let gate = Gate()
        let server = try WebServer { _ in
          gate.pass()
          return .init(204)
        }
        defer {
          gate.open()
          server.close()
        }
        let stream = try database.stream(to: server, ["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        try page.wait(untilReady: true, within: 20)
        try database.psql("SELECT place(1, 10);")
        let why = try page.wait(untilReady: false, within: 40)
        #expect(why.contains("has taken nothing for"), "\(why)")
        gate.open()
        try page.wait(untilReady: true, within: 60)
      }
    }

    @Test func `a walsender that is frozen turns it red, and it turns green by itself`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
          let page = try AdminPage(of: stream)
          try page.wait(untilReady: true, within: 20)
          let walsender = try #require(try database.walsender().flatMap { pid_t($0) })
          kill(walsender, SIGSTOP)
          defer { kill(walsender, SIGCONT) }
          try database.psql("SELECT place(1, 10);")
          let why = try page.wait(untilReady: false, within: 40)
          #expect(why.contains("the server has sent nothing") && why.contains("\(walsender)"), "\(why)")
          kill(walsender, SIGCONT)
          try page.wait(untilReady: true, within: 60)
          try wait(until: "all is written") { database.fileLines.count == 10 }
        }
      }
    }

    @Test func `a network that has gone without a word turns it red, and it turns green by itself`() throws {
      try withDatabase { database in
        try database.withLink { link in
          let stream = try database.tailrace(
            ["stream"] + database.names(over: link) + ["--sink", "file:\(database.file)", "--admin", "127.0.0.1:0"])
          let page = try AdminPage(of: stream)
          try page.wait(untilReady: true, within: 20)
          link.cut()
          try database.psql("SELECT place(1, 10);")
          let why = try page.wait(untilReady: false, within: 60)
          #expect(why.contains("has not answered"), "\(why)")
          link.heal()
          try page.wait(untilReady: true, within: 60)
        }
      }
    }

    @Test func `a stream's connection that alone has gone half-open turns it red`() throws {
      try TestServer.with(settings: ["wal_sender_timeout": "5min"]) { server in
        try server.withDatabase { database in
          try database.withLink { link in
            let stream = try database.tailrace(
              ["stream"] + database.names(over: link) + ["--sink", "file:\(database.file)", "--admin", "127.0.0.1:0"])
            let page = try AdminPage(of: stream)
            try page.wait(untilReady: true, within: 20)
            link.cut()
            link.healForNewOnes()
            try database.psql("SELECT place(1, 10);")
            let why = try page.wait(untilReady: false, within: 60)
            #expect(why.contains("the connection seems dead"), "\(why)")
          }
        }
      }
    }

    @Test func `a server that is down turns it red, and it turns green by itself`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
          let page = try AdminPage(of: stream)
          try page.wait(untilReady: true, within: 20)
          try server.stop("immediate")
          let why = try page.wait(untilReady: false, within: 60)
          #expect(why.contains("has not been connected"), "\(why)")
          #expect(page.get("/live")?.status == 200)
          try server.start()
          try page.wait(untilReady: true, within: 60)
        }
      }
    }

    @Test func `a full disk and a lost slot end it, so that nobody answers`() throws {
      try withDatabase { database in
        let stream = try database.stream(["--sink", "file:/dev/full", "--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        try database.psql("SELECT place(1);")
        #expect(try stream.exitCode() == 74)
        #expect(page.get("/ready") == nil)
      }
      try TestServer.with(
        settings: ["max_slot_wal_keep_size": "1MB", "max_wal_size": "32MB", "min_wal_size": "32MB"]
      ) { server in
        try server.withDatabase { database in
          let gate = Gate()
          let receiver = try WebServer { _ in
            gate.pass()
            return .init(204)
          }
          defer {
            gate.open()
            receiver.close()
          }
          let stream = try database.stream(to: receiver, ["--admin", "127.0.0.1:0"])
          let page = try AdminPage(of: stream)
          try page.wait(untilReady: true, within: 20)
          try database.psql("SELECT place(1);")
          try database.loseSlot()
          #expect(try stream.exitCode(within: 60) == 78)
          #expect(page.get("/ready") == nil)
        }
      }
    }

    @Test func `it stays green while a large transaction comes, and while a slow receiver takes one after another`()
      throws
    {
      try withDatabase { database in
        let taken = Counter()
        let server = try WebServer { _ in
          _ = taken.next()
          usleep(300_000)
          return .init(204)
        }
        defer { server.close() }
        let stream = try database.stream(to: server, ["--admin", "127.0.0.1:0", "--max-in-flight", "1"])
        let page = try AdminPage(of: stream)
        try page.wait(untilReady: true, within: 20)
        try database.psql("SELECT place(1, 100000);", within: 120)
        var answers: Set<Int> = []
        for _ in 0..<60 {
          answers.insert(page.get("/ready")?.status ?? 0)
          usleep(500_000)
        }
        #expect(answers == [200] && taken.count > 10)
      }
    }

    @Test func `it is green on a standby that waits, and while nothing happens`() throws {
      try withDatabase { database in
        let owner = try database.stream(["--admin", "127.0.0.1:0"])
        try database.waitUntilStreaming()
        let waiting = try database.stream(["--wait-for-slot", "--admin", "127.0.0.1:0"])
        let (first, second) = (try AdminPage(of: owner), try AdminPage(of: waiting))
        try #expect(second.wait(untilReady: true, within: 20).hasPrefix("standby: "))
        for _ in 0..<50 {
          #expect(first.get("/ready")?.status == 200 && second.get("/ready")?.status == 200)
          usleep(500_000)
        }
        owner.signal(SIGTERM)
        try wait(until: "it takes over", within: 30) { second.get("/ready")?.body.hasPrefix("idle: ") ?? false }
      }
    }
  }
}
