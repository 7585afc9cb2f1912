// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// The command line itself: nothing here connects to a server.
  @Suite struct CommandLineUse {
    private func run(_ arguments: [String]) throws -> (code: Int32, output: [String], messages: [String]) {
      let child = try ChildProcess(Tailrace.path, arguments)
      let code = try child.exitCodeAfterAllOutput()
      return (code, child.output.lines, child.messages)
    }

    private static let commands = [
      ["setup"], ["stream"], ["teardown"], ["capture"], ["replay"], ["inspect"], ["version"], ["dead-letters"],
      ["dead-letters", "list"], ["dead-letters", "show"], ["dead-letters", "redrive"], ["dead-letters", "drop"],
    ]

    @Test(arguments: commands)
    func `help is there for each command, and says what is possible once`(command: [String]) throws {
      let (code, output, _) = try run(command + ["--help"])
      let text = output.joined(separator: " ").split(separator: " ").joined(separator: " ")
      #expect(code == 0 && text.contains("USAGE: tailrace \(command.joined(separator: " "))"))
      #expect(text.split(separator: "(values:").dropFirst().allSatisfy { !$0.hasSuffix(") ") }, "\(text)")
    }

    @Test(arguments: [
      (["straem"], "stream"), (["setpu", "--publication", "p"], "setup"), (["dead-letter", "list"], "dead-letters"),
      (["dead-letters", "lst"], "list"), (["replya", "x.walcap"], "replay"), (["verison"], "version"),
    ])
    func `a mistyped command gets its nearest`(arguments: [String], nearest: String) throws {
      let (code, output, messages) = try run(arguments)
      #expect(code == 64 && output.isEmpty)
      #expect(messages.first == "tailrace: error: there is no such command; did you mean '\(nearest)'?")
      #expect(messages.count == 2 && messages.last?.hasSuffix("--help") == true, "\(messages)")
    }

    @Test(arguments: [
      ["--http-mode", "structured"], ["--http-mode", "batch", "--sink", "file:/nowhere/x"], ["--max-in-flight=64"],
      ["--fsync", "always"], ["--fsync", "never", "--sink", "http://127.0.0.1:1/"], ["--rotate-size", "1MB"],
      ["--file-mode", "0640"], ["--file-mode", "0640", "--sink", "http://127.0.0.1:1/"],
      ["--file-mode", "0660", "--sink", "file:/nowhere/x"], ["--file-mode", "0755", "--sink", "file:/nowhere/x"],
      ["--file-mode", "0240", "--sink", "file:/nowhere/x"], ["--file-mode", "640x", "--sink", "file:/nowhere/x"],
      ["--file-mode", "4640", "--sink", "file:/nowhere/x"], ["--file-mode", "", "--sink", "file:/nowhere/x"],
      ["--file-mode", "-640", "--sink", "file:/nowhere/x"], ["--file-mode", "+40", "--sink", "file:/nowhere/x"],
      ["--rotate-interval", "1h", "--sink", "http://127.0.0.1:1/"],
      ["--batch-size", "5", "--sink", "http://127.0.0.1:1/"],
      ["--bearer-token-file", "x", "--sink", "file:/nowhere/x"], ["--gzip"], ["--park-key"],
      ["--on-poison", "dead-letter"], ["--ca-file", "x", "--sink", "http://127.0.0.1:1/"],
      ["--tls-minimum", "1.3", "--sink", "http://127.0.0.1:1/"],
      ["--allow-plain-http", "--sink", "https://127.0.0.1:1/"],
      ["--client-certificate", "x", "--client-key", "y", "--sink", "HTTP://127.0.0.1:1/"],
      ["--retry-status", "400-410", "--final-status", "404,503", "--sink", "http://127.0.0.1:1/"],
      ["--ignore-header", "x", "--column", "headers="],
      ["--temporary-slot", "--wait-for-slot"], ["--checkpoint", "/nowhere/x", "--temporary-slot"],
      ["--envelope", "payload", "--sink", "http://127.0.0.1:1/"],
      ["--checkpoint", ""], ["--checkpoint", "/nowhere/x", "--sink", "file:/nowhere/x"],
      ["--checkpoint", "/tmp/../tmp/x.state", "--sink", "file:/tmp/x"],
      ["--dead-letters", "file:/nowhere/x", "--on-poison", "dead-letter", "--sink", "file:/nowhere/x"],
      ["--park-key", "--dead-letters", "file:/nowhere/x", "--on-poison", "dead-letter", "--sink", "file:/nowhere/y"],
      ["--dead-letters", "file:/tmp/./x.state", "--on-poison", "dead-letter", "--sink", "file:/tmp/x"],
      ["--checkpoint", "/nowhere/x", "--dead-letters", "file:/nowhere/x", "--on-poison", "dead-letter"],
    ])
    func `options that do not belong together are refused`(options: [String]) throws {
      let (code, _, messages) = try run(["stream", "--publication", "p", "--slot", "s"] + options)
      #expect(code == 64, "\(messages)")
      let flag = options[0].split(separator: "=")[0]
      #expect(messages.count == 2 && messages[0].contains(flag.dropFirst(2)), "\(messages)")
    }

    @Test(arguments: [
      ("--drain-timeout", "1", "30s"), ("--file-mode", "0666", "0640"), ("--batch-size", "many", "whole number"),
      ("--batch-bytes", "1 potato", "64KiB"), ("--retry-status", "42", "500-599"), ("--dead-letters", "x", "table:"),
      ("--until", "x", "0/16B3748, or now"), ("--read-pacing", "x", "200us"), ("--spool-dir", "", "it is empty"),
    ])
    func `a value that is none gets what such values look like`(flag: String, value: String, form: String) throws {
      let (code, _, messages) = try run(["stream", "--publication", "p", "--slot", "s", flag, value])
      #expect(code == 64 && messages.first?.contains(form) == true, "\(messages)")
    }

    @Test(arguments: [
      ["inspect", "postgresql://relay:canary@127.0.0.1/shop"], ["replay", "postgres://relay:can:ary@h:5432/shop"],
      ["peek", "host=127.0.0.1 password=canary"], ["inspect", "password='a canary'"],
      ["replay", "/nowhere/x", "--dead-letters", "file:http://u:canary@h/", "--on-poison", "dead-letter"],
      ["stream", "--publication", "p", "--slot", "s", "--database", "password canary"],
    ])
    func `an address or a password in the wrong place is not said`(arguments: [String]) throws {
      let (code, _, messages) = try run(arguments)
      #expect(code != 0 && !messages.isEmpty && !messages.joined().contains("can:ary"), "\(messages)")
      #expect(!messages.joined().contains("canary"), "\(messages)")
    }

    @Test(arguments: ["--key", "--aggregate-type", "--id", "--type", "--reason"])
    func `letters are not asked for by nothing`(flag: String) throws {
      for command in ["drop", "redrive", "list"] {
        let (code, _, messages) = try run(["dead-letters", command, "--dead-letters", "file:/nowhere/x", flag, ""])
        #expect(code == 64 && messages.first?.contains("\(flag): it is empty") == true, "\(messages)")
      }
    }

    @Test(arguments: [["--batch-size", "x"], ["--sink", "x"], ["--nonsense"], ["--slot", "S"]])
    func `what is wrong with the command line is said as JSON where that is asked for`(options: [String]) throws {
      let child = try ChildProcess(
        Tailrace.path,
        ["stream", "--publication", "p"] + (options[0] == "--slot" ? [] : ["--slot", "s"]) + options + [
          "--log-format", "json",
        ])
      #expect(try child.exitCodeAfterAllOutput() == 64)
      for line in child.errors.lines { #expect(line.hasPrefix("{") && line.hasSuffix("}"), "\(line)") }
    }

    @Test(arguments: [
      ("PGSSLMODE", "disabled"), ("PGTARGETSESSIONATTRS", "master"), ("PGCHANNELBINDING", "yes"),
      ("PGCONNECT_TIMEOUT", "10s"),
    ])
    func `a variable of the environment that libpq does not take is named`(name: String, value: String) throws {
      let child = try ChildProcess(
        Tailrace.path,
        ["stream", "--publication", "p", "--slot", "s", "--database", "postgresql://127.0.0.1:9/shop", "--no-retry"],
        environment: [name: value])
      #expect(try child.exitCode() == 64, "\(child.errors.text)")
      #expect(
        child.complaint?.contains(name) == true && child.complaint?.contains("unset") == true, "\(child.errors.text)")
    }

    @Test(arguments: [
      ("connect_timeout", "xyz"), ("keepalives", "abc"), ("keepalives_idle", "1s"), ("keepalives_count", "99999999999"),
      ("tcp_user_timeout", "x"),
    ])
    func `a number of the connection string that is none is told at once`(keyword: String, value: String) throws {
      let names = ["stream", "--publication", "p", "--slot", "s", "--database"]
      let (code, _, messages) = try run(names + ["host=127.0.0.1 port=9 \(keyword)=\(value)"])
      #expect(code == 64 && messages.first?.contains(keyword) == true, "\(messages)")
    }

    @Test(arguments: [
      ("http://127.0.0.1%00.x:9141/x", "host"), ("http://a%0d%0ab/", "host"), ("http://127.0.0.1:1/%", "%25"),
      (" http://127.0.0.1:1", "blank"), ("http://127.0.0.1:1 ", "blank"), ("stdout ", "blank"),
    ])
    func `an address that cannot be used is refused at the start, with its reason`(sink: String, reason: String) throws
    {
      let arguments = ["stream", "--publication", "p", "--slot", "s", "--allow-plain-http", "--sink", sink]
      let (code, _, messages) = try run(arguments)
      #expect(code == 64 && messages.first?.contains("--sink") == true, "\(messages)")
      #expect(messages.first?.contains(reason) == true, "\(messages)")
    }

    @Test func `the scheme of an address may be in capitals`() throws {
      let arguments = ["replay", "/nowhere/x.walcap", "--max-attempts", "1", "--sink", "HTTP://127.0.0.1:1"]
      let (code, _, messages) = try run(arguments)
      #expect(code != 64 && messages.first?.contains("/nowhere/x.walcap") == true, "\(messages)")
    }

    @Test(arguments: [
      ["--publication", "a", "--slot", "s", "--publication", "b"], ["--publication", "p", "--slot=s", "--slot", "t"],
      ["--publication", "p", "--slot", "s", "--until", "now", "--until", "now"],
    ])
    func `an option with one value that is given twice is refused, whatever the values are`(options: [String]) throws {
      for command in ["stream", "setup", "teardown"] where command == "stream" || !options.contains("--until") {
        let (code, output, messages) = try run([command] + options)
        #expect(code == 64 && output.isEmpty)
        let flag = String(options[options.count - 2])
        #expect(messages.first == "tailrace: error: \(flag): it is given more than once, and has one value")
        #expect(messages.last == "tailrace: see tailrace \(command) --help" && messages.count == 2, "\(messages)")
      }
      // What the environment says is another matter.
      let child = try ChildProcess(
        Tailrace.path, ["setup", "--database", "host=127.0.0.1 port=1", "--publication", "p", "--slot", "s"],
        environment: ["TAILRACE_DATABASE": "host=127.0.0.1 port=2"])
      #expect(try child.exitCodeAfterAllOutput() == 69)
      #expect(child.complaint?.contains("port 1 ") == true, "\(child.errors.text)")
    }

    @Test func `version tells what a report of a defect needs`() throws {
      let (code, output, _) = try run(["version"])
      #expect(code == 0)
      #expect(
        output.dropLast().map { $0.split(separator: " ").first } == ["tailrace", "commit", "libpq", "OpenSSL"],
        "\(output)")
      #expect(output.last == "without Kafka" || output.last?.hasPrefix("librdkafka ") == true)
      #expect(try run(["--version"]).output == [String(output[0].dropFirst("tailrace ".count))])
    }

    @Test func `one line and one form, whoever says it`() throws {
      for arguments in [
        ["stream"], ["stream", "--slot", "UPPER", "--publication", "p"], ["inspect", "/nowhere/x"],
        ["replay", "/nowhere/x"],
        ["stream", "--database", "host=127.0.0.1 port=1", "--publication", "p", "--slot", "s", "--no-retry"],
      ] {
        let child = try ChildProcess(Tailrace.path, arguments)
        #expect(try child.exitCodeAfterAllOutput() != 0)
        #expect(child.complaint != nil, "\(child.errors.text)")
        let now = try Regex(#"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ tailrace: (error: |see tailrace)"#)
        #expect(try child.errors.lines.allSatisfy { try now.prefixMatch(in: $0) != nil }, "\(child.errors.text)")
      }
    }
  }
}
