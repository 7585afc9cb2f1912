// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What SIGHUP does to several relays.
  @Suite struct Reloads {
    @Test func `a relay that hangs while it is drained holds up nobody but who has something in common with it`() throws
    {
      try withDatabase { database in
        let (other, hanging) = ("\(database.name)_b", Gate())
        try database.makeSlots(other)
        let receiver = try WebServer { _ in
          hanging.pass()
          return .init(204)
        }
        defer {
          hanging.open()
          receiver.close()
        }
        func text(_ lines: String...) -> String {
          "admin: 127.0.0.1:0\nrelays:\n" + lines.joined()
        }
        func own(_ name: String, _ source: String) -> String {
          database.relay(name, "sink: \"file:\(database.file)\"", "source: \(source)")
        }
        let relays = try database.run(
          text(
            own("a", "urn:one"), database.relay("b", slot: other, "sink: \(receiver.url)", "drain-timeout: 10m")))
        let page = try AdminPage(of: relays)
        func said(_ words: String) -> Bool { relays.messages.contains { $0.contains(words) } }
        try database.psql("SELECT place(1);")
        try wait(until: "one has it, the other is about to") {
          database.fileLines.count == 1 && !receiver.requests.isEmpty
        }

        // One is changed, one goes, and a new one wants the slot of the one that goes.
        try database.configure(
          text(
            own("a", "urn:two"), database.relay("c", slot: other, "sink: \"file:\(database.files.file("c"))\"")))
        relays.signal(SIGHUP)
        try wait(until: "it is said what happens") {
          said("a: is drained, then started anew; b: is drained, then ends; c: starts when b has ended")
        }
        try database.psql("SELECT place(2);")
        try wait(until: "the changed one is back, and the other one still hangs") { database.fileLines.count == 2 }
        #expect(page.get("/ready?relay=c")?.body == "c: starting: waits for the end of b\n")
        #expect(page.get("/live")?.status == 200)

        hanging.open()
        try wait(until: "the one that waited starts, and says why") { said("[c] it starts, now that b has ended") }
        try database.psql("SELECT place(3);")
        try wait(until: "it delivers what was not delivered") { try database.numbers(in: "c").last == 3 }
        try wait(until: "so does the other") { try database.numbers(in: "events.ndjson").count == 3 }
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0)
        #expect(try database.numbers(in: "events.ndjson") == [1, 2, 3])
      }
    }

    @Test func `one that waits for its start is stopped with the others`() throws {
      try withDatabase { database in
        let hanging = Gate()
        let receiver = try WebServer { _ in
          hanging.pass()
          return .init(204)
        }
        defer {
          hanging.open()
          receiver.close()
        }
        func text(_ source: String) -> String {
          "relays:\n" + database.relay("a", "sink: \(receiver.url)", "source: \(source)", "drain-timeout: 10m")
        }
        let relays = try database.run(text("urn:one"))
        try database.psql("SELECT place(1);")
        try wait(until: "it is about to deliver") { !receiver.requests.isEmpty }
        try database.configure(text("urn:two"))
        relays.signal(SIGHUP)
        try wait(until: "it is drained") { relays.messages.contains { $0.contains("a: is drained, then started") } }
        relays.signal(SIGTERM)
        hanging.open()
        #expect(try relays.exitCode(within: 60) == 0)
        #expect(receiver.requests.count == 1)
      }
    }

    @Test func `one that has ended is started again, and one that pauses after a failure is tried at once`() throws {
      try withDatabase { database in
        let (other, missing) = ("\(database.name)_b", "\(database.name)_late")
        try database.makeSlots(other)
        try database.psql("SELECT place(1);")
        let relays = try database.run(
          "admin: 127.0.0.1:0\nrelays:\n" + database.relay("a", "sink: \"file:\(database.file)\"")
            + database.relay("e", slot: other, "sink: \"file:\(database.files.file("e"))\"", "until: now")
            + database.relay("p", slot: missing, "sink: \"file:\(database.files.file("p"))\""))
        let page = try AdminPage(of: relays)
        func said(_ words: String) -> Bool { relays.messages.contains { $0.contains(words) } }
        try wait(until: "one has ended") { page.get("/ready?relay=e")?.body.hasPrefix("e: down: it has ended") == true }
        // Its pauses are long by now.
        try wait(until: "one has failed again and again", within: 120) {
          said("(4 times in a row); it is started again in about 8 s")
        }
        relays.signal(SIGHUP)
        try wait(until: "the one that had ended is started again") { said("e: had ended, and is started again") }
        // It may be about to try just then.
        for _ in 0..<20 where !said("p: was down, and is tried again at once") {
          relays.signal(SIGHUP)
          sleep(3)
        }
        #expect(said("p: was down, and is tried again at once"))
        try wait(until: "the other one has ended again", within: 60) {
          page.get("/ready?relay=e")?.body.hasPrefix("e: down: it has ended") == true
        }
        try database.makeSlots(missing)
        try database.psql("SELECT place(2);")
        relays.signal(SIGHUP)
        try wait(until: "both deliver", within: 60) {
          try database.numbers(inAll: "e") == [1, 2] && database.numbers(inAll: "p") == [2]
        }
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0)
      }
    }

    @Test func `one that is the same goes on while another one is added, and names itself from then on`()
      throws
    {
      try withDatabase { database in
        let other = "\(database.name)_b"
        try database.makeSlots(other)
        let own = "relays:\n" + database.relay("a", "sink: \"file:\(database.file)\"")
        let relays = try database.run(own)
        func said(_ words: String) -> Bool { relays.messages.contains { $0.contains(words) } }
        try wait(until: "it streams") { said("ready: waits") }
        try database.configure(own + database.relay("b", slot: other, "sink: \"file:\(database.files.file("b"))\""))
        relays.signal(SIGHUP)
        try wait(until: "it goes on") { said("b: is started; a: goes on") }
        try database.psql("SELECT place(1);")
        try wait(until: "both have it") {
          try database.fileLines.count == 1 && database.numbers(in: "b") == [1]
        }
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0)
        #expect(said("[a] delivered 1 events") && said("[b] delivered 1 events"), "\(relays.errors.text)")
      }
    }

    @Test func `SIGHUP while all end puts nothing in force, and says so`() throws {
      try withDatabase { database in
        let hanging = Gate()
        let receiver = try WebServer { _ in
          hanging.pass()
          return .init(204)
        }
        defer {
          hanging.open()
          receiver.close()
        }
        let relays = try database.run(
          "relays:\n" + database.relay("a", "sink: \(receiver.url)", "drain-timeout: 10m"))
        try database.psql("SELECT place(1);")
        try wait(until: "it is about to deliver") { !receiver.requests.isEmpty }
        relays.signal(SIGTERM)
        relays.signal(SIGHUP)
        try wait(until: "it is said", within: 60) {
          relays.messages.contains { $0.contains("is not used any more: all end") }
        }
        hanging.open()
        #expect(try relays.exitCode() == 0)
        #expect(!relays.messages.contains { $0.contains("was read again") })
      }
    }

    @Test func `SIGHUP before the configuration has been read is kept`() throws {
      try withDatabase { database in
        let pipe = database.files.file("pipe.yaml")
        #expect(mkfifo(pipe, 0o600) == 0)
        let relays = try database.tailrace(["run", "--config", pipe])
        let text = "relays:\n" + database.relay("a", "sink: \"file:\(database.file)\"", "until: now")
        // Opened when the other side is.
        let writer = open(pipe, O_WRONLY)
        #expect(writer >= 0)
        relays.signal(SIGHUP)
        usleep(200_000)
        #expect(write(writer, text, text.utf8.count) == text.utf8.count)
        close(writer)
        #expect(try relays.exitCode(within: 60) == 0, "\(relays.errors.text)")
      }
    }

    @Test func `one whose reader goes away says so, while the others go on`() throws {
      try withDatabase { database in
        let other = "\(database.name)_b"
        try database.makeSlots(other)
        let path = try database.configure(
          "admin: 127.0.0.1:0\nrelays:\n" + database.relay("a", "sink: stdout")
            + database.relay("b", slot: other, "sink: \"file:\(database.files.file("b"))\""))
        let relays = try ChildProcess(Tailrace.path, ["run", "--config", path], reader: .leavesAfterOneLine)
        let page = try AdminPage(of: relays)
        try database.psql("SELECT place(1);")
        try wait(until: "it is said") {
          relays.messages.contains { $0.contains("warning: [a] whoever read its output has gone") }
        }
        #expect(page.get("/ready?relay=a")?.body.hasPrefix("a: down: whoever read its output has gone") == true)
        try database.psql("SELECT place(2);")
        try wait(until: "the other one goes on") { try database.numbers(in: "b") == [1, 2] }
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0)
      }
    }

    @Test func `a command about one relay asks for nothing that others need, or that its command line says otherwise`()
      throws
    {
      try withDatabase { database in
        let (secret, missing) = (database.files.file("secret"), database.files.file("missing"))
        try "x".write(toFile: secret, atomically: true, encoding: .utf8)
        #expect(chmod(secret, 0o600) == 0)
        try database.psql("SELECT place(1);")
        let file = try database.configure(
          "relays:\n" + database.relay("own", "password-file: \(missing)")
            + database.relay("other", "sink: https://r.invalid/", "bearer-token-file: \(missing)")
            + database.relay("web", "sink: https://r.invalid/", "http-mode: batch", "batch-size: 5"))
        func run(_ words: String..., relay: String) throws -> ChildProcess {
          let child = try database.tailrace(words + ["--config", file, "--relay", relay])
          _ = try child.exitCodeAfterAllOutput()
          return child
        }
        #expect(try run("doctor", relay: "own").complaint?.contains(missing) == true)
        let doctor = try run("doctor", "--password-file", secret, relay: "own")
        #expect(!doctor.errors.text.contains(missing) && !doctor.output.text.isEmpty, "\(doctor.errors.text)")
        #expect(try run("status", relay: "other").exitCode() == 0)
        #expect(try run("doctor", relay: "other").complaint?.contains(missing) == true)
        let moved = try run("doctor", "--sink", "file:\(database.file)", relay: "web")
        #expect(moved.output.text.contains(database.file), "\(moved.errors.text)")
      }
    }
  }
}
