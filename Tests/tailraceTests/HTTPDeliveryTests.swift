// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct HTTPDelivery {
    @Test func `a stop of a replay gives advice that it can be given, and speaks of no confirmation`() throws {
      try withDatabase { database in
        let server = try WebServer { _ in .init(503) }
        defer { server.close() }
        try database.psql("SELECT place(1);")
        let recording = database.files.file("one.walcap")
        let capture = try database.tailrace(["capture"] + database.names + ["--until", "now", "--output", recording])
        #expect(try capture.exitCode() == 0, "\(capture.errors.text)")
        let replay = try database.tailrace(["replay", recording, "--sink", server.url, "--drain-timeout", "1s"])
        try wait(until: "it has told twice", within: 60) { replay.errors.text.contains("still fails after") }
        replay.signal(SIGTERM)
        #expect(try replay.exitCode() == 69, "\(replay.errors.text)")
        #expect(replay.complaint?.contains("--drain-timeout waits longer") == true, "\(replay.errors.text)")
        #expect(!replay.errors.text.contains("confirmed"), "\(replay.errors.text)")
      }
    }

    @Test(arguments: [["structured"], ["binary"], ["batch", "--batch-size", "10"]])
    func `each key keeps its order while answers fail at random, and no missing event's position is confirmed`(
      mode: [String]
    ) throws {
      try withDatabase { database in
        let mayPass = Flag()
        let server = try WebServer { request in
          if !mayPass.isSet, request.holds(250) { return .init(500) }
          return .init([200, 202, 204, 200, 200, 200, 429, 500].randomElement() ?? 200)
        }
        defer { server.close() }
        let stream = try database.stream(to: server, ["--http-mode"] + mode)
        try database.place(1...100, keys: 20)
        try wait(until: "the first are delivered", within: 30) { server.taken.count == 100 }
        try database.waitUntilConfirmed(server.taken)
        try database.place(101...500, keys: 20)
        let held = try eventually("the held one is tried, and later ones delivered", within: 30) { () -> Event? in
          guard server.taken.contains(where: { $0.data?.n ?? 0 > 270 }) else { return nil }
          return server.requests.first { $0.holds(250) }?.events.first { $0.data?.n == 250 }
        }
        Thread.sleep(forTimeInterval: 1.2)
        #expect(try !database.hasConfirmed(held.commitLSN))
        #expect(server.taken.allSatisfy { $0.partitionkey != "k10" || $0.data?.n ?? 0 < 250 })
        mayPass.set()
        try wait(until: "all is delivered", within: 40, every: 0.1) { server.taken.count >= 500 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        let taken = server.taken
        #expect(taken.count == 500, "nothing comes twice while nobody dies")
        #expect(Set(taken.numbers) == Set(1...500))
        #expect(taken.isOrderedPerKey)
        let last = try #require(taken.max { $0.sequence < $1.sequence })
        #expect(try database.hasConfirmed(last.commitLSN))
      }
    }

    @Test(arguments: ["structured", "binary"])
    func `killed with requests under way, it brings what may be missing again, the same byte for byte`(
      mode: String
    ) throws {
      try withDatabase { database in
        let server = try WebServer { _ in
          Thread.sleep(forTimeInterval: 0.02)
          return .init(200)
        }
        defer { server.close() }
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 600, 0.001);\n")
        writer.closeInput()
        for round in 1...3 {
          let stream = try database.stream(to: server, ["--http-mode", mode])
          try wait(until: "some are delivered", every: 0.005) { server.requests.count > round * 100 }
          try stream.kill9()
        }
        #expect(try writer.exitCode() == 0)
        let stream = try database.stream(to: server, ["--http-mode", mode, "--until", "now"])
        #expect(try stream.exitCode() == 0)
        #expect(Set(server.taken.numbers) == Set(1...600))
        #expect(server.taken.firsts.isOrderedPerKey)
        #expect(server.taken.count > 600, "some were under way")
        #expect(server.repeatsBodies)
      }
    }

    @Test func `asked to end with requests under way, it waits for the answers and confirms`() throws {
      try withDatabase { database in
        let gate = Gate()
        let server = try WebServer { _ in
          gate.pass()
          return .init(200)
        }
        defer { server.close() }
        try database.place(1...30, keys: 30)
        let stream = try database.stream(to: server)
        try wait(until: "requests are under way") { server.requests.count >= 8 }
        stream.signal(SIGTERM)
        Thread.sleep(forTimeInterval: 0.5)
        #expect(stream.isRunning)
        gate.open()
        #expect(try stream.exitCode() == 0)
        let taken = server.taken
        let last = try #require(taken.max { $0.sequence < $1.sequence })
        #expect(try database.hasConfirmed(last.commitLSN))
        #expect(try database.stream(to: server, ["--until", "now"]).exitCode() == 0)
        #expect(server.taken.numbers.sorted() == Array(1...30), "nothing is lost, nothing comes twice")
      }
    }

    @Test func `asked twice to end while the receiver is silent, it ends at once`() throws {
      try withDatabase { database in
        let gate = Gate()
        let server = try WebServer { _ in
          gate.pass()
          return nil
        }
        defer {
          gate.open()
          server.close()
        }
        try database.place(1...5, keys: 5)
        let stream = try database.stream(to: server)
        try wait(until: "requests are under way") { server.requests.count == 5 }
        stream.signal(SIGTERM)
        Thread.sleep(forTimeInterval: 1.5)
        #expect(stream.isRunning)
        stream.signal(SIGTERM)
        #expect(try stream.exitCode(within: 5) == 143)
        let good = try WebServer()
        defer { good.close() }
        #expect(try database.stream(to: good, ["--until", "now"]).exitCode() == 0)
        #expect(good.taken.numbers.sorted() == Array(1...5))
      }
    }

    @Test func `asked to end while the receiver is silent, it waits as long as it may, and says what it left`() throws {
      try withDatabase { database in
        let gate = Gate()
        let server = try WebServer { request in
          if !request.holds(1) { gate.pass() }
          return .init(200)
        }
        defer {
          gate.open()
          server.close()
        }
        let stream = try database.stream(to: server, ["--drain-timeout", "1s"])
        try database.psql("SELECT place(1, 'a');")
        try wait(until: "the first is delivered") { server.taken.count == 1 }
        try database.waitUntilConfirmed(server.taken)
        try database.psql("SELECT place(2, 'b');")
        try wait(until: "the second is under way") { server.requests.count == 2 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode(within: 5) == 69)
        #expect(stream.errors.text.contains("gave up waiting for the sink"), "\(stream.errors.text)")
        #expect(try Event.read(database.rest()).numbers == [2])
      }
    }

    @Test func `a receiver that is not there yet is tried until it is`() throws {
      try withDatabase { database in
        let port = try WebServer.freePort()
        try database.place(1...20, keys: 4)
        let stream = try database.stream(["--sink", "http://127.0.0.1:\(port)/"])
        try database.waitUntilStreaming()
        Thread.sleep(forTimeInterval: 1.5)
        #expect(stream.isRunning)
        let server = try WebServer(port: port)
        defer { server.close() }
        try wait(until: "all is delivered", within: 30) { server.taken.count == 20 }
        #expect(server.taken.isOrderedPerKey)
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
      }
    }

    @Test func `a host that cannot be found is tried again, and nothing is confirmed`() throws {
      try withDatabase { database in
        try database.place(1...3, keys: 3)
        let before = try database.confirmed()
        let stream = try database.stream(["--sink", "https://nobody.invalid/"])
        try database.waitUntilStreaming()
        Thread.sleep(forTimeInterval: 2)
        #expect(stream.isRunning, "\(stream.errors.text)")
        #expect(try database.confirmed() == before)
        stream.signal(SIGTERM)
        Thread.sleep(forTimeInterval: 1.5)
        stream.signal(SIGTERM)
        #expect(try stream.exitCode(within: 5) == 143)
        #expect(try Event.read(database.rest()).numbers == [1, 2, 3])
      }
    }

    @Test func `with a backlog and no receiver it neither works nor grows, and then delivers everything`() throws {
      try withDatabase { database in
        let port = try WebServer.freePort()
        try database.psql("SELECT place(n, 'k' || n % 20) FROM generate_series(1, 5000) n;")
        let stream = try database.stream(["--sink", "http://127.0.0.1:\(port)/", "--http-mode", "batch"])
        try database.waitUntilStreaming()
        Thread.sleep(forTimeInterval: 1)
        let (ticks, memory) = (try ProcessFacts.processorTicks(stream.pid), try ProcessFacts.memory(stream.pid))
        let length = duration { Thread.sleep(forTimeInterval: 3) }
        let used = Double(try ProcessFacts.processorTicks(stream.pid) - ticks) / 100
        #expect(used < 0.2 * length, "in s of processor time")
        #expect(try ProcessFacts.memory(stream.pid) - memory < 10_000, "in kB")
        let server = try WebServer(port: port)
        defer { server.close() }
        try wait(until: "all is delivered", within: 60, every: 0.2) { server.taken.count >= 5000 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        #expect(server.taken.numbers.sorted() == Array(1...5000))
        #expect(server.taken.isOrderedPerKey)
      }
    }
  }
}
