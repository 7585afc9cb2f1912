// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Receivers that fail as a whole, whatever the event.
  @Suite struct ReceiverTrouble {
    private static let poison = ["--on-poison", "dead-letter", "--dead-letters"]

    @Test func `deliveries that fail are told of at once, then sparsely, and when they work again`() throws {
      try withDatabase { database in
        let isMended = Flag()
        let server = try WebServer { _ in .init(isMended.isSet ? 200 : 503) }
        defer { server.close() }
        let stream = try database.stream(to: server)
        try database.place(1...3, keys: 3)
        let told = { stream.messages.filter { $0.contains("delivery to \(server.url)") } }
        try wait(until: "it is told", within: 10) { !told().isEmpty }
        #expect(told()[0].contains("fails: status 503"), "\(told())")
        try wait(until: "it is told again", within: 40, every: 0.2) { told().count >= 2 }
        for part in [
          "still fails after", "status 503", "attempts", "the oldest event of 20", "has waited", "not confirmed",
        ] {
          #expect(told()[1].contains(part), "\(told()[1])")
        }
        isMended.set()
        try wait(until: "it is told that it works", within: 60, every: 0.2) {
          told().contains { $0.contains("works again after") }
        }
        #expect(told().count < 8, "sparsely: \(told())")
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        #expect(server.taken.numbers.sorted() == [1, 2, 3])
      }
    }

    @Test(arguments: ["nats://", "redis://", "amqp://guest@"])
    func `a broker that is silent at the start is told of, and holds up no stop`(scheme: String) throws {
      try withDatabase { database in
        let listener = try ChildProcess(
          "/usr/bin/env",
          [
            "python3", "-c",
            "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); time.sleep(300)",
          ])
        defer { try? listener.kill9() }
        try wait(until: "it listens") { listener.output.lineCount == 1 }
        let port = listener.output.lines[0]
        let exchange = scheme.hasPrefix("amqp") ? ["--amqp-exchange", "events", "--allow-plain-amqp"] : []
        let password = database.files.file("password")
        try "guest\n".write(toFile: password, atomically: false, encoding: .utf8)
        let file = scheme.hasPrefix("amqp") ? ["--sink-password-file", password] : []
        let stream = try database.stream(["--sink", "\(scheme)127.0.0.1:\(port)"] + exchange + file)
        try wait(until: "it is told") { stream.errors.text.contains("has not answered yet") }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode(within: 20) == 0, "\(stream.errors.text)")
      }
    }

    @Test(arguments: ["gone", "silent", "resets"])
    func `a receiver that does not answer is told of, with the reason`(how: String) throws {
      try withDatabase { database in
        let gate = Gate()
        let server = try WebServer { _ in
          if how == "silent" { gate.pass() }
          return nil
        }
        defer {
          gate.open()
          server.close()
        }
        if how == "gone" { server.close() }
        let stream = try database.stream(to: server, ["--response-timeout", "1s"])
        try database.psql("SELECT place(1);")
        let reason = ["gone": "refused", "silent": "nothing came for too long", "resets": "closed before an answer"]
        try wait(until: "it is told") {
          stream.messages.contains { $0.contains("fails: ") && $0.contains(reason[how] ?? "?") }
        }
        #expect(stream.isRunning)
      }
    }

    @Test func `while one key fails for ever, that is told, and the others are delivered`() throws {
      try withDatabase { database in
        let server = try WebServer { .init($0.holds(2) ? 500 : 200) }
        defer { server.close() }
        let stream = try database.stream(to: server)
        try database.place(1...9, keys: 3)
        try wait(until: "the others are delivered") { Set(server.taken.numbers) == [1, 3, 4, 6, 7, 9] }
        try wait(until: "it is told") { stream.messages.contains { $0.contains("fails: status 500") } }
        #expect(!stream.messages.contains { $0.contains("works again") })
      }
    }

    @Test func `an expired token makes no letters: it is told at once, and the new one is used`() throws {
      try withDatabase { database in
        let server = try WebServer { .init($0.headers["authorization"] == "Bearer new-hush" ? 200 : 401) }
        defer { server.close() }
        let (token, letters) = (database.files.file("token"), database.files.file("letters"))
        try "old-hush\n".write(toFile: token, atomically: true, encoding: .utf8)
        let stream = try database.stream(
          to: server,
          ["--bearer-token-file", token, "--max-attempts", "2"] + Self.poison + ["file:\(letters)"])
        try database.place(1...20, keys: 5)
        try wait(until: "it is told", within: 10) {
          stream.messages.contains { $0.contains("status 401") && $0.contains("credentials") }
        }
        try wait(until: "it is tried more often than an event would be", within: 60) { server.requests.count >= 12 }
        #expect(server.taken.isEmpty && !FileManager.default.fileExists(atPath: letters))
        try "new-hush\n".write(toFile: token, atomically: true, encoding: .utf8)
        try wait(until: "all is delivered", within: 60) { server.taken.count == 20 }
        try wait(until: "it is told that it works") { stream.messages.contains { $0.contains("works again") } }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        #expect(server.taken.isOrderedPerKey)
        #expect(!FileManager.default.fileExists(atPath: letters))
        #expect(!stream.errors.text.contains("hush"))
      }
    }

    @Test func `a deploy that answers 404 for a while makes no letters, unless that status is made final`() throws {
      try withDatabase { database in
        let isMended = Flag()
        let server = try WebServer { _ in .init(isMended.isSet ? 200 : 404) }
        defer { server.close() }
        let letters = database.files.file("letters")
        let options = Self.poison + ["file:\(letters)"]
        let stream = try database.stream(to: server, options)
        try database.place(1...10, keys: 5)
        try wait(until: "it is told", within: 10) { stream.messages.contains { $0.contains("status 404") } }
        try wait(until: "each key is tried again") { server.requests.count > 10 }
        isMended.set()
        try wait(until: "all is delivered", within: 60) { server.taken.count == 10 }
        #expect(!FileManager.default.fileExists(atPath: letters))
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        let strict = try WebServer { _ in .init(404) }
        defer { strict.close() }
        try database.psql("SELECT place(11);")
        let other = try database.stream(to: strict, options + ["--final-status", "404", "--until", "now"])
        #expect(try other.exitCode() == 0, "\(other.errors.text)")
        #expect(try database.deadLetters(["list"], at: "file:\(letters)").output.lines.count == 2)
        #expect(other.messages.contains { $0.contains("went to the dead letters") && $0.contains("404") })
      }
    }

    @Test func `a receiver that is gone for good ends the stream with 65, and makes no letter`() throws {
      try withDatabase { database in
        let server = try WebServer { _ in .init(410) }
        defer { server.close() }
        try database.psql("SELECT place(1);")
        let letters = database.files.file("letters")
        let stream = try database.stream(to: server, Self.poison + ["file:\(letters)"])
        #expect(try stream.exitCode() == 65)
        #expect(stream.complaint?.contains("410") == true, "\(stream.errors.text)")
        #expect(!FileManager.default.fileExists(atPath: letters))
        #expect(try Event.read(database.rest()).numbers == [1])
      }
    }

    @Test func `an event that becomes too old takes the way of poison, and the others go on`() throws {
      try withDatabase { database in
        let server = try WebServer { .init($0.holds(2) ? 503 : 200) }
        defer { server.close() }
        try database.place(1...9, keys: 3)
        let place = "file:\(database.files.file("letters"))"
        let stream = try database.stream(
          to: server, ["--max-age", "2s", "--until", "now"] + Self.poison + [place])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(server.taken.numbers.sorted() == [1, 3, 4, 5, 6, 7, 8, 9])
        #expect(try database.deadLetters(["list"], at: place).output.lines.count == 2)
        try database.psql("SELECT place(2);")
        let strict = try database.stream(to: server, ["--max-age", "1s"])
        #expect(try strict.exitCode() == 65, "\(strict.errors.text)")
        #expect(strict.complaint?.contains("given up") == true)
      }
    }

    @Test func `other keys run ahead as far as they may, and no further`() throws {
      try withDatabase { database in
        let isMended = Flag()
        let server = try WebServer { .init(!isMended.isSet && $0.holds(1) ? 503 : 200) }
        defer { server.close() }
        let stream = try database.stream(to: server, ["--in-flight-bytes", "64KiB"])
        try database.psql("SELECT place(1, 'stuck');")
        try wait(until: "it is tried") { !server.requests.isEmpty }
        try database.psql("SELECT place(n, 'k' || n % 50) FROM generate_series(2, 2000) n;")
        try wait(until: "others are delivered") { server.taken.count > 100 }
        Thread.sleep(forTimeInterval: 2)
        // A batch is begun while there is room, and is not larger than 128 KiB.
        #expect(server.taken.count < 900)
        isMended.set()
        try wait(until: "all is delivered", within: 60) { server.taken.count >= 2000 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
      }
    }
  }
}
