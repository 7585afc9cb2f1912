// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// A server, or whoever is in between, that sends what no server sends.
  @Suite struct HostileServers {
    private typealias Fake = FakePostgres

    /// Bytes of a message of the plugin: letters stand for themselves, numbers for bytes.
    private static func bytes(_ tag: Character, _ rest: [UInt8]...) -> [UInt8] { Array("\(tag)".utf8) + rest.joined() }

    private static let begin = bytes("B", Fake.integer(Int64(0x200)), Fake.integer(Int64(0)), Fake.integer(Int32(7)))
    private static let commit = bytes(
      "C", [0], Fake.integer(Int64(0x200)), Fake.integer(Int64(0x208)), Fake.integer(Int64(0)))
    private static let relation = bytes(
      "R", Fake.integer(Int32(16_384)), Array("public\0outbox\0d".utf8), Fake.integer(Int16(5)),
      ["id", "aggregatetype", "aggregateid", "type", "payload"].flatMap { name in
        [0] + Array("\(name)\0".utf8) + Fake.integer(Int32(25)) + Fake.integer(Int32(-1))
      })
    private static let row = bytes(
      "I", Fake.integer(Int32(16_384)), Array("N".utf8), Fake.integer(Int16(5)),
      ["1", "order", "k", "Placed", "{}"].flatMap {
        Array("t".utf8) + Fake.integer(Int32($0.utf8.count)) + Array($0.utf8)
      })
    /// A transaction that is whole, with one event.
    private static let whole = [begin, relation, row, commit].flatMap { Fake.data($0) }

    /// Frames that make no sense, by what is wrong with them.
    private static let malformed: [(what: String, frames: [UInt8])] = [
      ("a w that is cut off", Fake.frame(Array("w".utf8) + [0, 0, 0])),
      ("a w without a message", Fake.frame(Array("w".utf8) + [UInt8](repeating: 0, count: 24))),
      ("a k that is cut off", Fake.frame(Array("k".utf8) + [UInt8](repeating: 0, count: 16))),
      ("a k that is too long", Fake.frame(Array("k".utf8) + [UInt8](repeating: 0, count: 18))),
      ("a frame of no kind", Fake.frame(Array("z".utf8) + [UInt8](repeating: 255, count: 40))),
      ("a message of no kind", Fake.data([0x1B, 0x5B, 0x32, 0x4A])),
      ("a Begin that is cut off", Fake.data(Array(begin.dropLast()))),
      ("a Begin that is too long", Fake.data(begin + [0])),
      ("a Begin in a transaction", Fake.data(begin) + Fake.data(begin)),
      ("a Commit of nothing", Fake.data(commit)),
      (
        "a row of a table that was never described",
        Fake.data(begin) + Fake.data(bytes("I", Fake.integer(Int32(9)), Array("N".utf8), [0, 0]))
      ),
      ("a row outside a transaction", Fake.data(relation) + Fake.data(row)),
      (
        "a row of more columns than it has bytes",
        Fake.data(begin) + Fake.data(relation)
          + Fake.data(bytes("I", Fake.integer(Int32(16_384)), Array("N".utf8), [0xFF, 0xFF]))
      ),
      (
        "a value of negative length",
        Fake.data(begin) + Fake.data(relation)
          + Fake.data(
            bytes("I", Fake.integer(Int32(16_384)), Array("N".utf8), [0, 5], Array("t".utf8), Fake.integer(Int32(-5))))
      ),
      (
        "a value longer than its message",
        Fake.data(begin) + Fake.data(relation)
          + Fake.data(
            bytes("I", Fake.integer(Int32(16_384)), Array("N".utf8), [0, 5], Array("t".utf8), Fake.integer(Int32.max)))
      ),
      ("columns without an end", Fake.data(bytes("R", Fake.integer(Int32(1)), Array("a\0b\0d".utf8), [0xFF, 0xFF]))),
      (
        "a name without an end", Fake.data(bytes("R", Fake.integer(Int32(1)), [UInt8](repeating: 0x61, count: 100_000)))
      ),
      (
        "a name that is not UTF-8", Fake.data(bytes("R", Fake.integer(Int32(1)), [0xFF, 0xFE, 0, 0x1B, 0, 0x64, 0, 0]))
      ),
      ("a truncation of negative many tables", Fake.data(begin) + Fake.data(bytes("T", Fake.integer(Int32(-1)), [0]))),
      ("a truncation of too many tables", Fake.data(begin) + Fake.data(bytes("T", Fake.integer(Int32.max), [0]))),
      (
        "a logical message longer than itself",
        Fake.data(begin)
          + Fake.data(bytes("M", [1], Fake.integer(Int64(1)), Array("outbox\0".utf8), Fake.integer(Int32.max)))
      ),
      ("the end of a stream that never began", Fake.data(bytes("c", Fake.integer(Int32(9)), [0]))),
      ("a further block of nothing", Fake.data(bytes("S", Fake.integer(Int32(9)), [0]))),
    ]

    @Test func `frames that make no sense end the stream with 65 and one line, behind what came whole`() throws {
      for (what, frames) in Self.malformed {
        let server = try Fake { socket in
          _ = TCP.send(Self.whole + frames, to: socket)
          usleep(2_000_000)
        }
        defer { server.close() }
        let stream = try ChildProcess(Tailrace.path, server.options)
        defer { try? stream.kill9() }
        #expect(try stream.exitCodeAfterAllOutput(within: 30) == 65, "\(what): \(stream.errors.text)")
        #expect(stream.complaint != nil, "\(what): \(stream.errors.text)")
        expectPlain(stream, what)
        #expect(stream.output.lineCount == 1, "\(what)")
      }
    }

    @Test(arguments: [
      // Lengths that no message has, a message of no kind, and the end of everything.
      Fake.message("d").prefix(1) + Fake.integer(Int32(-1)), Fake.message("d").prefix(1) + Fake.integer(Int32(3)),
      Fake.message("d").prefix(1) + Fake.integer(Int32.min), Fake.message("\u{7F}", [1, 2, 3]),
      Fake.message("D", [0xFF, 0xFF]), Fake.message("T", [0xFF, 0xFF]), Fake.message("E", [0x53]), Fake.message("c"),
      [],
    ])
    func `what is no message is a lost connection: told in one line, and made anew`(bytes: [UInt8]) throws {
      let server = try Fake { socket in
        _ = TCP.send(Self.whole + bytes, to: socket)
        usleep(300_000)
      }
      defer { server.close() }
      let stream = try ChildProcess(Tailrace.path, server.options)
      defer { try? stream.kill9() }
      try wait(until: "it tries again", within: 30) {
        server.statements.count { $0.hasPrefix("START_REPLICATION") } >= 3
      }
      stream.signal(SIGTERM)
      #expect(try [0, 69].contains(stream.exitCode()), "\(stream.errors.text)")
      #expect(stream.messages.contains { $0.contains("trying again in") }, "\(stream.errors.text)")
      expectPlain(stream, "\(bytes)")
    }

    @Test func `a row that never ends is waited for, with heartbeats, and a stop is heard`() throws {
      for isSilent in [true, false] {
        let statuses = Counter()
        let server = try Fake(answers: [("wal_sender_timeout", [["1000"]])]) { socket in
          guard TCP.send(Self.whole + Array("d".utf8) + Fake.integer(Int32(1 << 30)), to: socket) else { return }
          var byte = [UInt8](repeating: 0, count: 4096)
          while isSilent || TCP.send([0x77], to: socket) {
            let count = recv(socket, &byte, byte.count, Int32(MSG_DONTWAIT))
            if count == 0 || (count < 0 && errno != EAGAIN) { return }
            if count > 0 { _ = statuses.next() }
            usleep(20_000)
          }
        }
        defer { server.close() }
        let stream = try ChildProcess(Tailrace.path, server.options)
        defer { try? stream.kill9() }
        try wait(until: "it says that it is there", within: 30) { statuses.count >= 4 }
        #expect(stream.output.lineCount == 1)
        #expect(try ProcessFacts.peakMemory(stream.pid) < 64_000, "in kB: what was announced is not there")
        stream.signal(SIGTERM)
        #expect(try [0, 69].contains(stream.exitCode(within: 20)), "\(stream.errors.text)")
      }
    }

    private static let escapes =
      "\u{1B}]0;owned\u{7}\u{1B}[2J\r\nFATAL: \u{9B}31m\u{202E}txet\u{2066}\u{0B}\u{85}\u{2028}x"

    @Test func `an error in the middle of a stream is one line without controls, however long it is`() throws {
      for (code, exit) in [("XX001", Int32(69)), ("42501", 77), ("22021", 65), ("\u{1B}[2J", 78)] {
        let text = Self.escapes + String(repeating: "long ", count: 1_000_000)
        let server = try Fake { socket in
          _ = TCP.send(Self.whole + Fake.message("E", Fake.error("ERROR", code, text)), to: socket)
          usleep(1_000_000)
        }
        defer { server.close() }
        let stream = try ChildProcess(Tailrace.path, server.options + ["--no-retry"])
        defer { try? stream.kill9() }
        #expect(try stream.exitCodeAfterAllOutput(within: 30) == exit, "\(stream.errors.text.prefix(1000))")
        #expect(stream.complaint?.contains("owned") == true)
        expectPlain(stream, code)
      }
    }

    @Test func `an error before anybody has proved who he is is one line without controls`() throws {
      let long = String(repeating: "\u{1B}[2J", count: 2000)
      for (greeting, exit) in [
        (Fake.message("E", Fake.error("FATAL", "28P01", Self.escapes + long)), Int32(77)),
        (Fake.message("E", Fake.error("FATAL", "99999", Self.escapes)), 78),
        (Fake.message("E", Fake.error(Self.escapes, "3D000", Self.escapes)), 78),
        (Array("E\(Self.escapes)\0".utf8), 69), (Array("HTTP/1.1 400 \(Self.escapes)\r\n\r\n".utf8), 69),
        (Fake.message("R", Fake.integer(Int32(99))), 69), (Fake.message("R", Fake.integer(Int32(10))), 69),
        (Fake.message("v", Fake.integer(Int32.max) + Fake.integer(Int32.max)), 69),
        (
          Fake.message("R", Fake.integer(Int32(0)))
            + Fake.message("S", Array("server_version\0\(Self.escapes)\0".utf8)), 69
        ),
      ] {
        let server = try Fake(greeting: greeting)
        defer { server.close() }
        let stream = try ChildProcess(Tailrace.path, server.options + ["--no-retry"])
        defer { try? stream.kill9() }
        let code = try stream.exitCodeAfterAllOutput(within: 30)
        #expect(code == exit, "\(stream.errors.text)")
        #expect(stream.complaint != nil, "\(stream.errors.text)")
        expectPlain(stream, "\(greeting.prefix(20))")
      }
    }

    @Test func `a server that accepts and says nothing is given up, and a stop is heard at once`() throws {
      let server = try Fake(greeting: [])
      defer { server.close() }
      var options = server.options
      options[2] += " connect_timeout=2"
      let impatient = try ChildProcess(Tailrace.path, options + ["--no-retry"])
      let patient = try ChildProcess(Tailrace.path, server.options)
      defer { for stream in [impatient, patient] { try? stream.kill9() } }
      #expect(try impatient.exitCode(within: 20) == 69)
      #expect(impatient.complaint?.contains("did not answer within 2 s") == true, "\(impatient.errors.text)")
      patient.signal(SIGTERM)
      #expect(try patient.exitCode(within: 10) == 0, "\(patient.errors.text)")
    }

    /// Words where a statement's answer should be, each in turn.
    @Test func `answers that make no sense are one line, and neither a trap nor work without end`() throws {
      let far = "FFFFFFFF/FFFFFFFF"
      for (words, rows) in [
        ("SHOW wal_level", [[Self.escapes]]), ("SHOW wal_level", []), ("IDENTIFY_SYSTEM", []),
        ("IDENTIFY_SYSTEM", [["1", "-1", "x", nil]]), ("IDENTIFY_SYSTEM", [[Self.escapes, "1", "0/1", Self.escapes]]),
        ("pg_replication_slots", [["pgoutput"]]), ("pg_replication_slots", [[Self.escapes, nil, nil, nil, nil, nil]]),
        ("pg_replication_slots", [["pgoutput", "shop", Self.escapes, "x", "x", Self.escapes]]),
        ("pg_replication_slots", [["pgoutput", "shop", "lost", Self.escapes, "f", nil]]),
        ("pg_replication_slots", [["pgoutput", "shop", nil, far, "f", nil]]),
        ("pg_inherits", [["x"]]),
        (
          "pg_inherits",
          [
            ["publication", "events", "true", "true", "9", "7", "", "", "", "", "", "", ""],
            ["table", "99", "9", "true", "-7", "9", "public", "outbox", "r", "p", "true", "", "false"],
            ["table", "-1", "9", "true", "0", "9", "public", "outbox", "r", "p", "true", "", "false"],
            ["table", "0", "9", "true", "0", "9", "public", "outbox", "r", "p", "true", "", "false"],
          ]
        ),
        ("pg_inherits", [[String?]](repeating: [String?](repeating: Self.escapes, count: 13), count: 9)),
        ("wal_sender_timeout", [["-5"]]), ("wal_sender_timeout", [["9223372036854775807"]]),
        ("wal_sender_timeout", [["1"]]), ("wal_sender_timeout", [[Self.escapes]]),
      ] as [(String, [[String?]])] {
        let server = try Fake(answers: [(words, rows)]) { socket in
          _ = TCP.send(Self.whole, to: socket)
          var byte: UInt8 = 0
          while recv(socket, &byte, 1, 0) > 0 {}
        }
        defer { server.close() }
        let stream = try ChildProcess(Tailrace.path, server.options + ["--no-retry"])
        defer { try? stream.kill9() }
        Thread.sleep(forTimeInterval: 1)
        let what = "\(words) \(rows)"
        if stream.isRunning {
          let ticks = try ProcessFacts.processorTicks(stream.pid)
          Thread.sleep(forTimeInterval: 1)
          #expect(try ProcessFacts.processorTicks(stream.pid) - ticks < 40, "\(what)")
          stream.signal(SIGTERM)
        }
        let code = try stream.exitCode(within: 20)
        #expect((0...78).contains(code), "\(what): \(code) \(stream.errors.text)")
        #expect(code == 0 || stream.complaint != nil, "\(what): \(stream.errors.text)")
        expectPlain(stream, what)
      }
    }

    @Test func `times and positions from anywhere are no trap`() throws {
      for number in [Int64.min, -1, 0, Int64.max] {
        let keepalive = Fake.frame(Array("k".utf8) + Fake.integer(number) + Fake.integer(number) + [1])
        let begin = Self.bytes("B", Fake.integer(number), Fake.integer(number), Fake.integer(Int32(7)))
        let commit = Self.bytes("C", [0], Fake.integer(number), Fake.integer(number), Fake.integer(number))
        let server = try Fake { socket in
          let frames = [begin, Self.relation, Self.row, commit].flatMap { Fake.data($0, at: number) }
          _ = TCP.send(keepalive + frames + keepalive + keepalive, to: socket)
          var byte: UInt8 = 0
          while recv(socket, &byte, 1, 0) > 0 {}
        }
        defer { server.close() }
        let stream = try ChildProcess(Tailrace.path, server.options)
        defer { try? stream.kill9() }
        Thread.sleep(forTimeInterval: 1.5)
        stream.signal(SIGTERM)
        #expect(try (0...78).contains(stream.exitCode(within: 20)), "\(number): \(stream.errors.text)")
        expectPlain(stream, "\(number)")
      }
    }

    @Test func `a flood of notices and questions is answered in bounded memory, and a stop is heard`() throws {
      let notice = Fake.message(
        "N", Fake.error("NOTICE", "00000", Self.escapes + String(repeating: "x", count: 10_000)))
      let question = Fake.frame(Array("k".utf8) + Fake.integer(Int64(0x100)) + Fake.integer(Int64(0)) + [1])
      let flood = [[UInt8]](repeating: notice + question, count: 100).flatMap { $0 }
      let server = try Fake { socket in
        let end = Date() + 30
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while Date() < end, TCP.send(flood, to: socket) {
          while recv(socket, &bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 {}
        }
      }
      defer { server.close() }
      let stream = try ChildProcess(Tailrace.path, server.options)
      defer { try? stream.kill9() }
      Thread.sleep(forTimeInterval: 5)
      #expect(stream.isRunning, "\(stream.errors.text)")
      #expect(try ProcessFacts.peakMemory(stream.pid) < 64_000, "in kB")
      stream.signal(SIGTERM)
      #expect(try [0, 69].contains(stream.exitCode(within: 20)), "\(stream.errors.text)")
      #expect(stream.errors.bytes.count < 20_000)
      expectPlain(stream, "notices")
    }

    /// Nothing of what it says steers a terminal, and no line is long.
    private func expectPlain(_ stream: ChildProcess, _ what: String) {
      for line in stream.errors.lines {
        #expect(line.utf8.count < 20_000, "\(what): \(line.prefix(200))")
        #expect(
          !line.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
          }, "\(what): \(line.prefix(200))")
      }
    }
  }
}
