// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What `tailrace config` says of files, without a server.
@Suite struct ConfigurationFileTests {
  private struct Answer {
    var code: Int32
    var output: String
    var lines: [String]
  }

  private func ask(
    _ command: [String], _ text: String, _ options: [String] = [], environment: [String: String] = [:]
  ) throws -> Answer {
    let files = try TemporaryDirectory()
    defer { files.remove() }
    let path = files.file("f.yaml")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let child = try ChildProcess(Tailrace.path, command + [path] + options, environment: environment)
    let code = try child.exitCodeAfterAllOutput()
    let lines = child.messages.map { line in
      line.replacing("tailrace: error: ", with: "").replacing(path, with: "f.yaml").replacing(files.path, with: "DIR")
    }
    return Answer(code: code, output: child.output.text, lines: lines)
  }

  private func check(
    _ lines: String..., options: [String] = [], environment: [String: String] = [:]
  ) throws -> Answer {
    let relay = ["publication: p", "slot: s"] + lines
    return try ask(
      ["config", "check"], "relays:\n  r:\n" + relay.map { "    \($0)\n" }.joined(), options, environment: environment)
  }

  @Test func `a file in which all is wrong is refused at once, by its first hundred mistakes`() throws {
    let keys = (0..<4000).map { "k\($0): 1\n" }.joined()
    let values = "relays:\n a:\n" + (0..<4000).map { "  k\($0): 1\n" }.joined()
    for text in [keys, values] {
      let answer = try ask(["config", "check"], text)
      #expect(answer.code == 78)
      #expect(answer.lines.count == 101 && answer.lines.last == "there may be more that is wrong; mend these first")
    }
  }

  @Test func `more relays than a process runs, and longer lists than can be read, are refused where they are too many`()
    throws
  {
    let relays = (0..<1200).map { " r\($0): {publication: p, slot: s\($0), sink: \"file:/o\($0)\"}\n" }
    let many = try ask(["config", "check"], "relays:\n\(relays.joined())")
    #expect(many.code == 78 && many.lines.count == 1, "\(many.lines.prefix(3))")
    #expect(many.lines.first?.hasPrefix("f.yaml:1002:2: relays: there are more than 1000") == true)
    let tables = (0..<20_000).map { "a.b\($0)" }
    let list = try check("table: [\(tables.joined(separator: ","))]")
    #expect(list.code == 78 && list.lines.first?.contains("table: it has more than 500 values") == true)
    let variable = try check(environment: ["TAILRACE_TABLE": tables.prefix(5000).joined(separator: ",")])
    #expect(variable.code == 64 && variable.lines.first?.contains("TAILRACE_TABLE: it has more than 500") == true)
  }

  @Test func `a list with nothing in it, and nothing between commas, are refused`() throws {
    let empty = try check("table: []")
    #expect(empty.code == 78)
    #expect(empty.lines.first?.hasPrefix("f.yaml:5:12: table: there is nothing in the list") == true)
    for value in [",", "a.b,", "a.b,,c.d"] {
      let answer = try check(environment: ["TAILRACE_TABLE": value])
      #expect(answer.code == 64 && answer.lines.first?.contains("TAILRACE_TABLE: there is nothing") == true)
    }
    let stream = try ChildProcess(
      Tailrace.path, ["stream"],
      environment: ["TAILRACE_PUBLICATION": "p", "TAILRACE_SLOT": "s", "TAILRACE_TABLE": ","])
    #expect(try stream.exitCode() == 64 && stream.complaint?.contains("TAILRACE_TABLE") == true)
  }

  @Test func `JSON as programs write it is taken, with the places that it has`() throws {
    let text = #"{"relays": {"r": {"publication": "p\ud83d\ude00", "slot": "s", "slto": 1}}}"#
    let wrong = try ask(["config", "check"], text)
    #expect(wrong.lines == ["f.yaml:1:64: there is no key 'slto' here; did you mean 'slot'?"], "\(wrong.lines)")
    let shown = try ask(["config", "show"], text.replacing(#", "slto": 1"#, with: ""))
    #expect(shown.code == 0 && shown.output.contains("publication: \"p😀\""), "\(shown.output) \(shown.lines)")
  }

  @Test(arguments: [
    ("batch-size: 5", "batch-size: needs sink"), ("gzip: true", "gzip: needs sink"),
    ("batch-size: \"\"", "batch-size: there is no value"), ("source: \"\"", "source: there is no value"),
    ("tls-minimum: \"1.2\"", "tls-minimum: needs sink"),
  ])
  func `a mistake names its key once`(line: String, words: String) throws {
    let answer = try check(line)
    #expect(answer.code == 78 && answer.lines.first?.contains(": \(words)") == true, "\(answer.lines)")
  }

  @Test func `a connection string that is none is found from wherever it comes, without a word of it`() throws {
    let wrong = "host=x password=CANARY zz"
    for answer in [
      try check("database: \"\(wrong)\""), try check(environment: ["TAILRACE_DATABASE": wrong]),
      try check(options: ["--database", wrong]),
    ] {
      #expect(answer.code != 0 && answer.lines.count == 1, "\(answer.lines)")
      #expect(answer.lines.first?.contains("database: it is no connection string") == true, "\(answer.lines)")
      #expect(!answer.lines.joined().contains("CANARY"))
    }
  }

  @Test func `what counts more removes the other way to a password, and to a receiver's word`() throws {
    let files = try TemporaryDirectory()
    defer { files.remove() }
    let secret = files.file("secret")
    try "canary".write(toFile: secret, atomically: true, encoding: .utf8)
    #expect(chmod(secret, 0o600) == 0)
    let relay = "publication: p, slot: s"
    func shown(_ text: String, _ options: [String] = [], environment: [String: String] = [:]) throws -> String {
      let answer = try ask(["config", "show"], text, options, environment: environment)
      #expect(answer.code == 0, "\(answer.lines)")
      return answer.output
    }
    let command = "defaults: {password-command: \"echo x\"}\nrelays: {r: {\(relay)}}\n"
    for output in [
      try shown(command, ["--password-file", secret]),
      try shown(command, environment: ["TAILRACE_PASSWORD_FILE": secret]),
      try shown("defaults: {password-command: \"echo x\"}\nrelays: {r: {\(relay), password-file: \"\(secret)\"}}\n"),
    ] {
      #expect(output.contains("    password-file: \(secret)") && !output.contains("    password-command"), "\(output)")
    }
    let own = try shown(command, ["--database", "postgresql://u:canary@127.0.0.1/d"])
    #expect(!own.contains("    password-"), "\(own)")
    let https = "sink: \"https://r.invalid/\""
    let basic = "basic-auth-file: \"\(secret)\""
    let token = try shown(
      "defaults: {bearer-token-file: \"\(secret)\"}\nrelays: {r: {\(relay), \(https), \(basic)}}\n")
    #expect(token.contains("    basic-auth-file") && !token.contains("    bearer-token-file"), "\(token)")
    // Two that count alike exclude each other.
    let both = try ask(
      ["config", "check"], "relays: {r: {\(relay), password-file: \"\(secret)\", password-command: \"echo x\"}}\n")
    #expect(both.code == 78 && both.lines.first?.contains("password-") == true, "\(both.lines)")
    let two = ["TAILRACE_PASSWORD_FILE": secret, "TAILRACE_PASSWORD_COMMAND": "echo x"]
    #expect(try ask(["config", "check"], "relays: {r: {\(relay)}}\n", environment: two).code == 64)
  }

  @Test(arguments: ["database", "sink", "publication", "password-file", "password-command", "column"])
  func `a control character in a value is refused, and nothing of the value is shown`(key: String) throws {
    let value = #""host=127.0.0.1\0 password=CANARY""#
    let others = ["publication", "slot"].filter { $0 != key }.map { "\($0): p, " }.joined()
    let list = key == "column" ? "[\(value)]" : value
    for command in ["check", "show"] {
      let answer = try ask(["config", command], "relays: {r: {\(others)\(key): \(list)}}\n")
      #expect(answer.code == 78 && answer.lines.count == 1, "\(answer.lines)")
      #expect(answer.lines.first?.contains("\(key): there is a control character in it") == true, "\(answer.lines)")
      #expect(!(answer.output + answer.lines.joined()).contains("CANARY"))
    }
  }

  @Test func `another kind of sink beside a file does without what the file says of its own`() throws {
    let text = "relays: {r: {publication: p, slot: s, sink: \"https://r.invalid/\", http-mode: batch, batch-size: 5}}\n"
    let file = try ask(["config", "show"], text, ["--sink", "file:/x"])
    #expect(file.code == 0 && file.output.contains("    sink: file:/x  # flag"), "\(file.lines)")
    #expect(!file.output.contains("    http-mode"))
    let other = try ask(["config", "show"], text, ["--sink", "https://other.invalid/"])
    #expect(other.code == 0 && other.output.contains("    batch-size: 5  # DIR") == false)
    #expect(other.output.contains("    http-mode: batch"))
    // In the file itself, what would be ignored is refused.
    let inside = try ask(["config", "check"], text.replacing("https://r.invalid/", with: "file:/x"))
    #expect(inside.code == 78 && inside.lines.first?.contains("needs sink https") == true, "\(inside.lines)")
  }

  @Test func `an address that others reach is found by the check, with its place`() throws {
    let answer = try ask(
      ["config", "check"], "admin: 192.0.2.1:9464\nrelays: {r: {publication: p, slot: s}}\n")
    #expect(answer.code == 78)
    #expect(answer.lines.first?.hasPrefix("f.yaml:1:1: admin: 192.0.2.1:9464: other machines") == true)
    #expect(answer.lines.first?.contains("--") == false, "\(answer.lines)")
  }

  @Test func `two relays with one table of dead letters are refused`() throws {
    func text(_ other: String) -> String {
      """
      defaults: {database: "host=127.0.0.1 dbname=d", publication: p, on-poison: dead-letter, dead-letters: "table:public.l"}
      relays:
        a: {slot: a, sink: "file:/a"}
        b: {slot: b, sink: "file:/b"\(other)}

      """
    }
    let answer = try ask(["config", "check"], text(""))
    #expect(answer.code == 78 && answer.lines.count == 1, "\(answer.lines)")
    #expect(answer.lines.first?.contains("relay a has that table of dead letters") == true)
    for other in [", dead-letters: \"table:public.m\"", ", database: \"host=127.0.0.1 dbname=e\""] {
      #expect(try ask(["config", "check"], text(other)).code == 0)
    }
  }

  @Test func `servers with sockets in two directories are two, and each may be the one at an address of here`() throws {
    func code(_ one: String, _ other: String) throws -> Int32 {
      try ask(
        ["config", "check"],
        """
        defaults: {publication: p, slot: s}
        relays:
          a: {database: "\(one)", sink: "file:/a"}
          b: {database: "\(other)", sink: "file:/b"}

        """
      ).code
    }
    #expect(try code("host=/tmp dbname=d", "host=/var dbname=d") == 0)
    #expect(try code("host=/cloudsql/p:r:one dbname=d", "host=/cloudsql/p:r:two dbname=d") == 0)
    #expect(try code("host=/tmp dbname=d", "host=/var/../tmp/. dbname=e") == 78)
    #expect(try code("host=/tmp dbname=d", "host=127.0.0.1 dbname=d") == 78)
    #expect(try code("host=localhost dbname=d", "host=/tmp dbname=d") == 78)
    #expect(try code("dbname=d", "host=/tmp dbname=d") == 78)
    #expect(try code("host=/tmp port=5433 dbname=d", "host=127.0.0.1 dbname=d") == 0)
  }

  @Test func `a configuration that others may change is warned of, and the program that it runs`() throws {
    let files = try TemporaryDirectory()
    defer { files.remove() }
    let (path, program) = (files.file("f.yaml"), files.file("program"))
    for file in [program, path] {
      try "relays: {r: {publication: p, slot: s, password-command: \"\(program) x\"}}\n".write(
        toFile: file, atomically: true, encoding: .utf8)
      #expect(chmod(file, 0o777) == 0)
    }
    let child = try ChildProcess(Tailrace.path, ["config", "check", path])
    #expect(try child.exitCodeAfterAllOutput() == 0)
    let warnings = child.messages.filter { $0.contains("warning: ") && $0.contains("others may change") }
    #expect(warnings.count == 2, "\(child.errors.text)")
    #expect(warnings.last?.contains("f.yaml:1:") == true && warnings.last?.contains("password-command") == true)
  }

  @Test func `credentials that come with a unit may be missing while nothing runs`() throws {
    let missing = "/run/credentials/tailrace@nobody.service/secrets_password"
    let text = "relays: {r: {publication: p, slot: s, password-file: \(missing)}}\n"
    let check = try ask(["config", "check"], text)
    #expect(check.code == 0 && check.output.contains("nothing is wrong"), "\(check.lines)")
    let warning = check.lines.first { $0.contains("only while the unit runs") }
    #expect(warning?.contains("warning: ") == true, "\(check.lines)")
    for command in [["run", "--config"], ["doctor", "--config"]] {
      let answer = try ask(command, text)
      #expect(answer.code == 78)
      #expect(answer.lines.first?.hasPrefix("f.yaml:1:") == true, "\(answer.lines)")
      #expect(answer.lines.first?.contains("tailrace-as NAME") == true, "\(answer.lines)")
    }
  }

  @Test func `what is wrong with other relays and keys, or is said otherwise on the command line, is no matter`() throws
  {
    let text = """
      relays:
        own: {database: "host=127.0.0.1 port=1 connect_timeout=2", publication: p, slot: s, sink: "https://r.invalid/",
          http-mode: batch, batch-size: 5, gzip: maybe}
        other: {slto: x, batch-size: [1], slot: UPPER}

      """
    func look(_ words: String...) throws -> Answer {
      try ask([words[0], "--config"], text, ["--relay", "own"] + words.dropFirst())
    }
    let status = try look("status")
    #expect(status.code == 69, "\(status.lines)")
    let doctor = try look("doctor")
    #expect(doctor.code == 78 && doctor.lines == ["f.yaml:3:44: gzip: it is true or false"], "\(doctor.lines)")
    let told = try look("doctor", "--gzip", "--http-mode", "structured")
    #expect(told.output.contains("port 1"), "\(told.lines)")
  }

  @Test func `a limit of descriptors below what posting takes is an error, not a crash`() throws {
    let options = ["--database", "host=127.0.0.1 port=1", "--publication", "p", "--slot", "s"]
    let child = try ChildProcess(
      "/bin/sh",
      ["-c", "ulimit -n 14; exec \"$0\" doctor \"$@\"", Tailrace.path] + options + ["--sink", "https://r.invalid/"])
    #expect(try child.exitCodeAfterAllOutput() == 78)
    #expect(child.output.text.contains("file descriptors"), "\(child.output.text)\(child.errors.text)")
  }

  @Test func `more relays than the process may have files or threads for are refused at the start`() throws {
    let files = try TemporaryDirectory()
    defer { files.remove() }
    let path = files.file("f.yaml")
    let relays = (0..<3).map { "  r\($0): {publication: p, slot: s\($0), sink: \"https://r.invalid/\"}\n" }.joined()
    try "relays:\n\(relays)".write(toFile: path, atomically: true, encoding: .utf8)
    let script = "ulimit -n 100; exec \"$0\" run --config \"$1\""
    let child = try ChildProcess("/bin/sh", ["-c", script, Tailrace.path, path])
    #expect(try child.exitCode() == 78)
    #expect(child.complaint?.contains("3 relays take up to") == true, "\(child.errors.text)")
  }
}
