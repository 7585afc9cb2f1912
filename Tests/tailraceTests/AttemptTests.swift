// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Attempts {
    @Test func `after as many attempts as are allowed, an event ends the stream`() throws {
      try withDatabase { database in
        let server = try WebServer { .init($0.holds(3) ? 503 : 200) }
        defer { server.close() }
        let stream = try database.stream(to: server, ["--max-attempts", "3"])
        try database.place(1...2, keys: 2)
        try wait(until: "the first are delivered") { server.taken.count == 2 }
        try database.waitUntilConfirmed(server.taken)
        try database.psql("SELECT place(3, 'a'); SELECT place(4, 'a');")
        #expect(try stream.exitCode() == 65, "\(stream.errors.text)")
        let event = try #require(server.requests.first { $0.holds(3) }?.events.first)
        let complaint = try #require(stream.complaint, "\(stream.errors.text)")
        for part in [event.id, event.sequence, "503"] { #expect(complaint.contains(part), "\(complaint)") }
        #expect(server.requests.count { $0.holds(3) } == 3)
        #expect(!server.requests.contains { $0.holds(4) }, "it is behind the other")
        #expect(try !database.hasConfirmed(event.commitLSN))
      }
    }

    @Test func `after as many attempts as are allowed, an event becomes a letter that tells how many`() throws {
      try withDatabase { database in
        let server = try WebServer { .init($0.holds(3) ? 503 : 200) }
        defer { server.close() }
        try database.place(1...6, keys: 2)
        let place = "file:\(database.files.file("letters.ndjson"))"
        let stream = try database.stream(
          to: server,
          ["--max-attempts", "4", "--on-poison", "dead-letter", "--dead-letters", place, "--until", "now"])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(server.requests.count { $0.holds(3) } == 4)
        #expect(server.taken.numbers.sorted() == [1, 2, 4, 5, 6])
        let list = try database.deadLetters(["list"], at: place)
        let letters = list.output.lines.dropFirst().map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
        #expect(letters.count == 1)
        #expect(letters.first?[3].contains("503") == true && letters.first?[4] == "4", "\(list.output.text)")
        #expect(try database.rest().isEmpty)
      }
    }

    @Test func `a receiver that says until when it wants to be left alone is left alone until then`() throws {
      try withDatabase { database in
        // A date has whole seconds: this one is two to three seconds ahead.
        let (start, until) = (Date(), Date() + 3)
        let answered = Counter()
        let server = try WebServer { _ in
          answered.next() == 1 ? .init(503, headers: ["retry-after": Self.text(until)]) : .init(200)
        }
        defer { server.close() }
        try database.psql("SELECT place(1);")
        let stream = try database.stream(to: server)
        try wait(until: "it is told") { server.requests.count == 1 }
        try database.place(2...9, keys: 8)
        try wait(until: "all is delivered", every: 0.005) { server.taken.count == 9 }
        #expect(Date().timeIntervalSince(start) > 1.9)
        #expect(server.requests.count == 10, "nobody came too early")
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
      }
    }

    /// As HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func text(_ date: Date) -> String {
      let format = DateFormatter()
      format.locale = Locale(identifier: "en_US_POSIX")
      format.timeZone = TimeZone(identifier: "GMT")
      format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
      return format.string(from: date)
    }

    /// Answers that never end, end in the middle, or are only half there.
    @Test(arguments: [WebServer.Manner.drips, .breaksHead, .halfCloses, .silentHead])
    func `an answer that does not come whole is waited for as long as allowed, and the event comes again`(
      manner: WebServer.Manner
    ) throws {
      try withDatabase { database in
        let server = try WebServer { request in
          var answer = WebServer.Answer(200)
          if request.number % 4 == 2 { answer.manner = manner }
          return answer
        }
        defer { server.close() }
        try database.place(1...12, keys: 4)
        let stream = try database.stream(
          to: server, ["--response-timeout", "500ms", "--total-timeout", "1s", "--until", "now"])
        #expect(try stream.exitCode(within: 30) == 0, "\(stream.errors.text)")
        let whole = server.requests.filter { $0.manner == .whole }.flatMap(\.events)
        #expect(whole.numbers.sorted() == Array(1...12), "each until an answer has come")
        #expect(server.requests.count > 12)
        #expect(server.repeatsBodies)
        #expect(whole.isOrderedPerKey)
        #expect(try database.rest().isEmpty)
      }
    }

    @Test func `a status that has come counts, although the words behind it break off`() throws {
      try withDatabase { database in
        let server = try WebServer { request in
          var answer = WebServer.Answer(request.number == 3 ? 503 : 200, body: String(repeating: "x", count: 100_000))
          answer.manner = .breaksBody
          return answer
        }
        defer { server.close() }
        try database.place(1...6, keys: 2)
        let stream = try database.stream(to: server, ["--total-timeout", "2s", "--until", "now"])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(server.taken.numbers.sorted() == Array(1...6), "nothing comes twice")
        #expect(server.requests.count == 7)
        #expect(server.taken.isOrderedPerKey)
      }
    }
  }
}
