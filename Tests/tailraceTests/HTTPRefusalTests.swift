// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct HTTPRefusals {
    @Test func `an event that is refused ends the stream, which names it but not its content`() throws {
      try withDatabase { database in
        let isMended = Flag()
        let server = try WebServer { request in
          !isMended.isSet && request.holds(5) ? .init(422, body: "receiver-words") : .init(200)
        }
        defer { server.close() }
        let stream = try database.stream(to: server)
        try database.place(1...4, keys: 2)
        try wait(until: "the first are delivered") { server.taken.count == 4 }
        try database.waitUntilConfirmed(server.taken)
        try database.psql(
          """
          INSERT INTO outbox (aggregateid, payload) VALUES ('k1', '{"n": 5, "note": "row-words"}');
          SELECT place(6, 'k1');
          """)
        #expect(try stream.exitCode() == 65)
        let event = try #require(server.requests.first { $0.holds(5) }?.events.first)
        let complaint = try #require(stream.complaint, "\(stream.errors.text)")
        for part in [event.id, event.sequence, "422", "--on-poison"] { #expect(complaint.contains(part)) }
        for secret in ["receiver-words", "row-words"] { #expect(!stream.errors.text.contains(secret)) }
        #expect(try !database.hasConfirmed(event.commitLSN))
        #expect(try database.stream(to: server).exitCode() == 65, "it does not heal by itself")
        isMended.set()
        #expect(try database.stream(to: server, ["--until", "now"]).exitCode() == 0)
        #expect(server.taken.numbers.sorted() == [1, 2, 3, 4, 5, 6])
        #expect(server.taken.isOrderedPerKey)
      }
    }

    @Test(arguments: [301, 302, 307, 308])
    func `a redirect is not followed but told of, and the event comes again`(status: Int) throws {
      try withDatabase { database in
        let elsewhere = try WebServer()
        defer { elsewhere.close() }
        let (address, isMended) = (elsewhere.url, Flag())
        let server = try WebServer { _ in
          isMended.isSet ? .init(200) : .init(status, headers: ["location": "\(address)?token=hush"])
        }
        defer { server.close() }
        try database.psql("SELECT place(1);")
        let stream = try database.stream(to: server)
        try wait(until: "it is told") {
          stream.messages.contains { $0.contains("status \(status)") && $0.contains("redirects are not followed") }
        }
        #expect(stream.errors.text.contains("give the address that it names, \(address)"), "\(stream.errors.text)")
        #expect(!stream.errors.text.contains("hush"))
        isMended.set()
        try wait(until: "it is delivered", within: 30) { server.taken.count == 1 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        #expect(elsewhere.requests.isEmpty)
      }
    }

    @Test(arguments: [
      "http://receiver.example/", "http://10.0.0.1/", "http://localhost.example/", "http://127.0.0.1@h/",
    ])
    func `events do not travel in the clear unless that is asked for`(url: String) throws {
      func code(_ options: [String]) throws -> (Int32, String) {
        let child = try ChildProcess(
          Tailrace.path,
          [
            "stream", "--database", "host=127.0.0.1 port=1", "--publication", "events", "--slot", "nowhere",
            "--no-retry", "--sink", url,
          ] + options)
        return (try child.exitCode(within: 10), child.errors.text)
      }
      let (refused, words) = try code([])
      #expect(refused == 64)
      #expect(words.contains("--allow-plain-http"))
      // Then it fails for another reason: there is no such database.
      #expect(try code(["--allow-plain-http"]).0 == 69)
    }
  }
}
