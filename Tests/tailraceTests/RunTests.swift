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

    @Test func `a file that is huge, missing, a directory or no text is refused at once, before anything is opened`()
      throws
    {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let huge = files.file("huge.yaml")
      #expect(FileManager.default.createFile(atPath: huge, contents: nil) && truncate(huge, 100_000_000) == 0)
      let binary = files.file("binary.yaml")
      try Data([0xFF, 0xFE, 0x00, 0x80]).write(to: URL(filePath: binary))
      let tab = files.file("tab.yaml")
      try "relays:\n\ta: {}\n".write(toFile: tab, atomically: true, encoding: .utf8)
      for (path, words) in [
        (huge, "more than 1 MiB"), (files.file("none.yaml"), "no such file"), (files.path, "directory"),
        (binary, binary),
        (tab, "\(tab):2:1: a line is indented with a tab"),
      ] {
        for command in [["run", "--config"], ["config", "check"], ["config", "show"]] {
          let child = try ChildProcess(Tailrace.path, command + [path])
          #expect(try child.exitCodeAfterAllOutput() == 78 && child.output.text.isEmpty, "\(command) \(path)")
          #expect(child.complaint?.contains(words) == true, "\(child.errors.text)")
        }
      }
    }

    @Test func `a wrong variable is named as the one that is wrong`() throws {
      let variables = ["TAILRACE_PUBLICATION": "p", "TAILRACE_SLOT": "s", "TAILRACE_BATCH_SIZE": "many"]
      let stream = try ChildProcess(Tailrace.path, ["stream"], environment: variables)
      #expect(try stream.exitCode() == 64)
      #expect(stream.complaint?.hasSuffix("(TAILRACE_BATCH_SIZE)") == true, "\(stream.errors.text)")
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let path = files.file("two.yaml")
      try "relays: {a: {publication: p, slot: a}, b: {publication: p, slot: b, sink: \"file:/x\"}}\n".write(
        toFile: path, atomically: true, encoding: .utf8)
      let several = try ChildProcess(Tailrace.path, ["run", "--config", path], environment: ["TAILRACE_SLOT": "s"])
      #expect(try several.exitCode() == 64)
      #expect(several.complaint?.contains("TAILRACE_SLOT") == true, "\(several.errors.text)")
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

    @Test func `killed again and again, three relays lose nothing, and no file has an event twice`() throws {
      try withDatabase { database in
        let slots = ["\(database.name)_a", "\(database.name)_b", "\(database.name)_c"]
        for slot in slots { try database.makeSlots(slot) }
        let text =
          "relays:\n"
          + slots.enumerated().map { index, slot in
            database.relay("r\(index)", slot: slot, "sink: \"file:\(database.files.file("out\(index)"))\"")
          }.joined(separator: "\n")
        // TAILRACE_KILL_ROUNDS=100 for the long way.
        let rounds = ProcessInfo.processInfo.environment["TAILRACE_KILL_ROUNDS"].flatMap { Int($0) } ?? 5
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, \(rounds * 200), 0.002);\n")
        writer.closeInput()
        for round in 1...rounds {
          let relays = try database.run(text)
          let before = try database.numbers(in: "out0").count
          try wait(until: "round \(round) delivers", within: 60) {
            try database.numbers(in: "out0").count > before || !writer.isRunning
          }
          usleep(UInt32.random(in: 0...300_000))
          try relays.kill9()
        }
        #expect(try writer.exitCode(within: 300) == 0)
        let relays = try database.run(text)
        for index in 0..<3 {
          try wait(until: "all is in file \(index)", within: 60) {
            try database.numbers(in: "out\(index)").count >= rounds * 200
          }
        }
        // All may have been there before it began, and until then a signal ends it as it ends any program.
        try wait(until: "all three stream", within: 60) {
          relays.messages.count { $0.contains("streaming from slot") } == 3
        }
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0, "\(relays.errors.text)")
        for index in 0..<3 { #expect(try database.numbers(in: "out\(index)") == Array(1...(rounds * 200))) }
      }
    }

    @Test func `one that fails is started again while the others go on, and is well when it is mended`() throws {
      try withDatabase { database in
        let late = "\(database.name)_late"
        let relays = try database.run(
          """
          admin: 127.0.0.1:0
          relays:
          \(database.relay("well", "sink: \"file:\(database.file)\""))
          \(database.relay("late", slot: late, "sink: \"file:\(database.files.file("late"))\""))
          """)
        let page = try AdminPage(of: relays)
        try wait(until: "the failure is said") {
          relays.messages.contains { $0.contains("error: [late]") && $0.contains("does not exist") }
        }
        try database.psql("SELECT place(1);")
        try wait(until: "the other one delivers") { database.fileLines.count == 1 }
        try wait(until: "it is red, for the one that has failed") {
          page.get("/ready")?.body.hasPrefix("late: down: ") == true && page.get("/ready")?.status == 503
        }
        #expect(page.get("/ready?relay=well")?.status == 200 && page.get("/ready?relay=late")?.status == 503)
        try database.makeSlots(late)
        try database.psql("SELECT place(2);")
        try wait(until: "it streams now", within: 60) { try database.numbers(in: "late") == [2] }
        try page.wait(untilReady: true, within: 60)
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0)
        #expect(try database.numbers(in: "events.ndjson") == [1, 2])
      }
    }

    @Test func `what is reported of how it goes names its relay, and secrets of a configuration are on no page`() throws
    {
      try withDatabase { database in
        try database.makeSlots("\(database.name)_b")
        let (token, secret) = (database.files.file("token"), database.files.file("secret"))
        let server = try WebServer()
        defer { server.close() }
        for file in [token, secret] {
          try "canary-4711".write(toFile: file, atomically: true, encoding: .utf8)
          #expect(chmod(file, 0o600) == 0)
        }
        let relays = try database.run(
          """
          admin: 127.0.0.1:0
          report-interval: 1s
          log-level: trace
          relays:
          \(database.relay("a", "sink: \(server.url)?key=canary-4711", "bearer-token-file: \(token)", "password-file: \(secret)"))
          \(database.relay("b", slot: "\(database.name)_b", "sink: \(server.url)", "password-command: cat \(secret)"))
          """)
        let page = try AdminPage(of: relays)
        try database.psql("SELECT place(1);")
        for name in ["a", "b"] {
          try wait(until: "\(name) reports an event") {
            relays.messages.contains { $0.contains("info: [\(name)] progress: 1 events delivered") }
          }
        }
        #expect(server.requests.contains { $0.headers["authorization"] == "Bearer canary-4711" })
        for path in ["/", "/ready", "/status", "/status?relay=a", "/metrics", "/live"] {
          let answer = page.get(path)
          #expect(answer?.status == 200 && answer?.body.contains("canary") == false, "\(path)")
        }
        let arguments = try Data(contentsOf: URL(filePath: "/proc/\(relays.pid)/cmdline"))
        #expect(!String(decoding: arguments, as: UTF8.self).contains("canary"))
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0)
        #expect(!relays.errors.text.contains("canary"))
      }
    }

    @Test func `with on-failure stop, a failure ends all in an orderly way, with its code`() throws {
      try withDatabase { database in
        try database.makeSlots("\(database.name)_b")
        try database.psql("SELECT place(1);")
        let relays = try database.run(
          """
          relays:
          \(database.relay("well", "sink: \"file:\(database.file)\""))
          \(database.relay("late", slot: "nowhere", "on-failure: stop"))
          """)
        #expect(try relays.exitCode(within: 60) == 78)
        #expect(relays.complaint?.contains("[late]") == true, "\(relays.errors.text)")
      }
    }

    @Test func `at SIGHUP the file is read again: what is the same goes on, what is not is drained and started anew`()
      throws
    {
      try withDatabase { database in
        let other = "\(database.name)_b"
        try database.makeSlots(other)
        func text(_ sink: String, more: String = "") -> String {
          "relays:\n\(database.relay("a", "sink: \"file:\(database.file)\""))"
            + database.relay("b", slot: other, "sink: \"file:\(database.files.file(sink))\"") + more
        }
        let relays = try database.run(text("one"))
        func said(_ words: String) -> Bool { relays.messages.contains { $0.contains(words) } }
        try database.psql("SELECT place(1, 50);")
        try wait(until: "both have all") {
          try database.numbers(in: "one").count == 50 && database.fileLines.count == 50
        }

        // Half written: cut in the middle of a word.
        try database.configure(String(text("two").dropLast(5)) + "\n    sl")
        relays.signal(SIGHUP)
        try wait(until: "the old one stays in force") { said("stays in force") }
        try database.psql("SELECT place(51, 100);")
        try wait(until: "both go on") {
          try database.numbers(inAll: "one").count == 100 && database.numbers(inAll: "events.ndjson").count == 100
        }

        try database.configure(text("two"))
        relays.signal(SIGHUP)
        try wait(until: "one is started anew") { said("b: is drained, then started anew; a: goes on") }
        try database.psql("SELECT place(101, 150);")
        try wait(until: "the new file has the rest") { try database.numbers(in: "two").count == 50 }

        try database.configure("relays:\n\(database.relay("a", "sink: \"file:\(database.file)\""))")
        relays.signal(SIGHUP)
        try wait(until: "one is gone") { said("b: is drained, then ends") }
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0)
        #expect(try database.numbers(inAll: "one") == Array(1...100) && database.numbers(in: "two") == Array(101...150))
      }
    }

    @Test func `what takes a restart is said at each reload, until the file says again what is in force`() throws {
      try withDatabase { database in
        func text(_ level: String) -> String {
          "log-level: \(level)\nrelays:\n\(database.relay("a", "sink: \"file:\(database.file)\""))"
        }
        let relay = try database.run(text("info"))
        func count(_ words: String) -> Int { relay.messages.count { $0.contains(words) } }
        try wait(until: "it streams") { count("ready: waits") == 1 }
        for (level, told) in [("notice", 1), ("notice", 2), ("info", 2)] {
          let before = count("was read again")
          try database.configure(text(level))
          relay.signal(SIGHUP)
          try wait(until: "it is read again") { count("was read again") == before + 1 }
          #expect(count("log-level: what has changed there takes a restart") == told, "\(relay.errors.text)")
        }
      }
    }

    @Test func `doctor, status, peek and dead-letters take a relay of a file, and what is said beside it counts more`()
      throws
    {
      try withDatabase { database in
        let letters = database.files.file("letters")
        try "".write(toFile: letters, atomically: true, encoding: .utf8)
        try database.psql("SELECT place(1, 3);")
        let file = try database.configure(
          """
          relays:
          \(database.relay("a", "on-poison: dead-letter", "dead-letters: \"file:\(letters)\"", "sink: \"file:\(database.file)\""))
          \(database.relay("b", slot: "nowhere", "sink: \"https://r.invalid/\""))
          """)
        func run(_ words: String..., relay: String? = "a") throws -> ChildProcess {
          let child = try database.tailrace(words + ["--config", file] + (relay.map { ["--relay", $0] } ?? []))
          _ = try child.exitCodeAfterAllOutput()
          return child
        }
        #expect(try run("doctor").output.text.contains("\(database.file)"))
        #expect(try run("doctor", relay: "b").exitCode() == 78)
        #expect(try run("peek", "--count", "2").output.lineCount == 3)
        #expect(try run("status").output.text.contains("relay         \(database.slot)"))
        #expect(try run("status", "--slot", "elsewhere").output.text.contains("lost"))
        #expect(try run("dead-letters", "list", "--count").output.lines == ["0"])
        let unclear = try run("doctor", relay: nil)
        #expect(try unclear.exitCode() == 64 && unclear.complaint?.contains("a, b") == true, "\(unclear.errors.text)")
        #expect(try run("status", relay: "c").exitCode() == 64)
        try database.configure("relays: {a: {slot: UPPER}}\n")
        let wrong = try run("doctor")
        #expect(try wrong.exitCode() == 78)
        #expect(wrong.messages.allSatisfy { $0.hasPrefix("tailrace: error: \(file):1:") }, "\(wrong.errors.text)")
      }
    }

    @Test(.enabled(if: PythonPackages.isAvailable, "needs python3 with pip"))
    func `the schema takes what is taken, and refuses what is refused`() throws {
      let packages = try PythonPackages("schema")
      defer { packages.remove() }
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let schema = files.file("schema.json")
      try ChildProcess.run(Tailrace.path, ["config", "schema"]).write(toFile: schema, atomically: true, encoding: .utf8)
      let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL
      let manual = root.appending(path: "Sources/tailrace/Manual.docc")
      let examples = try FileManager.default.contentsOfDirectory(atPath: manual.path).filter { $0.hasSuffix(".md") }
        .flatMap { page in
          try String(contentsOf: manual.appending(path: page), encoding: .utf8)
            .matches(of: #/```yaml\n((?:.|\n)*?)```/#).map { String($0.output.1) }
        }.filter { $0.contains(/^relays:/.anchorsMatchLineEndings()) }
      let packaged = root.appending(path: "Scripts/package.d")
      let installed = ((try? FileManager.default.contentsOfDirectory(atPath: packaged.path)) ?? []).filter {
        $0.hasSuffix(".yaml")
      }.compactMap { try? String(contentsOf: packaged.appending(path: $0), encoding: .utf8) }
      #expect(examples.count >= 2)
      let relay = "relays: {r: {publication: p, slot: s, "
      let good =
        examples + installed + [
          "\(relay)streaming: off, read-pacing: off, file-mode: 0640, sink: \"file:/x\"}}\n",
          "{\"relays\": {\"r\": {\"publication\": \"p\", \"slot\": \"s\", \"table\": [\"a.b\"]}}, \"quiet\": true}",
          "\(relay)sink: \"https://h/\", http-mode: batch, batch-bytes: 1000, batch-linger: 5ms, tls-minimum: 1.2, retry-status: 409}}\n",
        ]
      let bad = [
        "\(relay)slto: x}}\n", "\(relay)gzip: maybe}}\n", "\(relay)table: a.b}}\n", "\(relay)drain-timeout: 5}}\n",
        "\(relay)http-mode: other}}\n", "relay: {}\n", "relays: {}\n", "\(relay)quiet: true}}\n",
        "\(relay)batch-size: [1]}}\n",
        "relays: {\"b b\": {}}\n", "\(relay)on-failure: again}}\n", "[]\n", "\(relay)batch-bytes: lots}}\n",
      ]
      for (texts, isGood) in [(good, true), (bad, false)] {
        for (number, text) in texts.enumerated() {
          let path = files.file("\(isGood)\(number).yaml")
          try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let paths = texts.indices.map { files.file("\(isGood)\($0).yaml") }
        let program = """
          import json, sys, yaml, jsonschema
          schema = json.load(open(sys.argv[1]))
          jsonschema.Draft202012Validator.check_schema(schema)
          for path in sys.argv[2:]:
            print(jsonschema.Draft202012Validator(schema).is_valid(yaml.safe_load(open(path))))
          """
        #expect(try packages.run(program, [schema] + paths).wholeLines == paths.map { _ in isGood ? "True" : "False" })
        for (path, text) in zip(paths, texts) where !examples.contains(text) && !installed.contains(text) {
          let check = try ChildProcess(Tailrace.path, ["config", "check", path])
          #expect(try check.exitCode() == (isGood ? 0 : 78), "\(text): \(check.errors.text)")
        }
      }
    }
  }
}
