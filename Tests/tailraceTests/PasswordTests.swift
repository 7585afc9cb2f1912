// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Passwords that are looked up at each connect, and secrets of a configuration.
  @Suite struct LookedUpPasswords {
    private static let canary = "canary-S3cret"

    /// A server that wants a password from everybody but us.
    private func withPassword(_ body: (OutboxDatabase, String) throws -> Void) throws {
      try withDatabase { database in
        try database.withRole("LOGIN REPLICATION PASSWORD '\(Self.canary)' IN ROLE secretive") { role in
          try database.psql("GRANT SELECT ON outbox TO \(role);")
          try body(
            database, "host=127.0.0.1 port=\(database.server.port) dbname=\(database.name) user=\(role)")
        }
      }
    }

    private func configuration(_ database: OutboxDatabase, _ place: String, _ lines: String...) -> String {
      "relays:\n  orders:\n"
        + (["database: \(place)", "publication: events", "slot: \(database.slot)", "sink: \"file:\(database.file)\""]
        + lines).map { "    \($0)\n" }.joined()
    }

    @Test func `where a command is ended by a signal, what a unit may keep it from is named`() throws {
      try withPassword { database, place in
        let path = try database.configure(
          configuration(database, place, "password-command: sh -c 'kill -5 $$'"))
        let relay = try database.tailrace(["run", "--config", path])
        try wait(until: "it is told") {
          relay.messages.contains {
            $0.contains("the password's command was ended by signal 5") && $0.contains("MemoryDenyWriteExecute=")
          }
        }
      }
    }

    @Test func `a password comes from a file or a command at each connect, and is said nowhere`() throws {
      try withPassword { database, place in
        let (file, count) = (database.files.file("password"), database.files.file("count"))
        try "\(Self.canary)\n".write(toFile: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        let command = "sh -c 'echo x >> \(count); cat \(file)'"
        for line in ["password-file: \(file)", "password-command: \"\(command)\""] {
          let path = try database.configure(
            configuration(database, place, line, "log-level: trace").replacing(
              "    log-level: trace\n", with: "") + "log-level: trace\n")
          try database.psql("SELECT place(1);")
          let relay = try database.tailrace(["run", "--config", path])
          try wait(until: "it streams") { relay.messages.contains { $0.contains("ready: waits") } }
          let looks = (try? String(contentsOfFile: count, encoding: .utf8))?.split(separator: "\n").count ?? 0
          try database.terminateWalsender()
          try wait(until: "it streams again") {
            relay.messages.count { $0.contains("streaming from slot") } == 2
          }
          let again = (try? String(contentsOfFile: count, encoding: .utf8))?.split(separator: "\n").count ?? 0
          #expect(again > looks || line.hasPrefix("password-file"))
          let arguments = try Data(contentsOf: URL(filePath: "/proc/\(relay.pid)/cmdline"))
          #expect(!String(decoding: arguments, as: UTF8.self).contains("canary"))
          relay.signal(SIGTERM)
          #expect(try relay.exitCode() == 0)
          #expect(!relay.errors.text.contains("canary"))
          #expect(relay.messages.contains { $0.contains("others may read \(file)") } == line.hasPrefix("password-file"))
          let shown = try database.tailrace(["config", "show", path])
          #expect(try shown.exitCodeAfterAllOutput() == 0)
          #expect(!shown.output.text.contains("canary") && !shown.output.text.contains("cat "))
        }
      }
    }

    @Test(arguments: ["exit 3", "echo canary-S3cret >&2; exit 1", "true", "printf 'a\\nb\\n'", "kill -9 $$"])
    func `a command that fails is tried again, and what it says is not said`(script: String) throws {
      try withPassword { database, place in
        let program = database.files.file("program")
        try "#!/bin/sh\n\(script)\n".write(toFile: program, atomically: true, encoding: .utf8)
        #expect(chmod(program, 0o755) == 0)
        let relay = try database.run(configuration(database, place, "password-command: \(program)"))
        try wait(until: "it is tried again") {
          relay.messages.contains { $0.contains("the password's command") && $0.contains("trying again") }
        }
        try "#!/bin/sh\necho \(Self.canary)\n".write(toFile: program, atomically: false, encoding: .utf8)
        try wait(until: "it streams", within: 60) { relay.messages.contains { $0.contains("ready: waits") } }
        relay.signal(SIGTERM)
        #expect(try relay.exitCode() == 0)
        #expect(!relay.errors.text.contains("canary"))
      }
    }

    @Test(arguments: ["", "setsid "])
    func `a command has ended when it has, whatever it leaves behind and whoever does not want to know`(prefix: String)
      throws
    {
      try withPassword { database, place in
        let program = database.files.file("program")
        try "#!/bin/sh\n\(prefix)sleep 60 &\necho \(Self.canary)\n".write(
          toFile: program, atomically: true, encoding: .utf8)
        #expect(chmod(program, 0o755) == 0)
        let path = try database.configure(configuration(database, place, "password-command: \(program)"))
        // As some starters do, whose children have to ask for it again.
        let script = "trap '' CHLD; exec \"$0\" run --config \"$1\""
        let relay = try ChildProcess("/bin/sh", ["-c", script, Tailrace.path, path])
        try wait(until: "it streams", within: 25) { relay.messages.contains { $0.contains("ready: waits") } }
        relay.signal(SIGTERM)
        #expect(try relay.exitCode() == 0)
      }
    }

    @Test func `a password that is not taken is looked for where it came from`() throws {
      try withPassword { database, place in
        let file = database.files.file("password")
        try "wrong".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(chmod(file, 0o600) == 0)
        for (line, words) in [
          ("password-file: \(file)", "check the password in password-file: \(file)"),
          ("password-command: \"echo wrong\"", "check what password-command prints"),
        ] {
          let relay = try database.run(configuration(database, place, line))
          #expect(try relay.exitCode() == 77)
          #expect(relay.errors.text.contains(words), "\(relay.errors.text)")
        }
      }
    }

    @Test func `a command has nothing that is open here, and what it leaves behind holds no address of ours`() throws {
      try withPassword { database, place in
        let (program, open) = (database.files.file("program"), database.files.file("open"))
        let lines = [
          "#!/bin/sh", "readlink /proc/$$/fd/* > \(open).new", "mv \(open).new \(open)", "echo \(Self.canary)", "",
        ]
        try lines.joined(separator: "\n").write(toFile: program, atomically: true, encoding: .utf8)
        #expect(chmod(program, 0o755) == 0)
        let server = try WebServer()
        defer { server.close() }
        let text =
          configuration(database, place, "password-command: \(program)")
          .replacing("sink: \"file:\(database.file)\"", with: "sink: \(server.url)")
        let relay = try database.run("admin: 127.0.0.1:0\n\(text)")
        try database.psql("SELECT place(1);")
        try wait(until: "it posts") { server.taken.count == 1 }
        try FileManager.default.removeItem(atPath: open)
        try database.terminateWalsender()
        try wait(until: "the command has run again") { FileManager.default.fileExists(atPath: open) }
        let found = try String(contentsOfFile: open, encoding: .utf8)
        #expect(!found.contains("socket:") && !found.contains("anon_inode:"), "\(found)")
        relay.signal(SIGTERM)
        #expect(try relay.exitCode() == 0)
      }
    }

    @Test
    func `a secret in the wrong place, and a file that is missing, end it at the start without a word of the secret`()
      throws
    {
      try withDatabase { database in
        let nowhere = database.files.file("nowhere")
        for (line, place) in [
          ("database: postgresql://u:\(Self.canary)@127.0.0.1/d", "database"),
          ("sink: https://u:\(Self.canary)@127.0.0.1/", "sink"), ("password: \(Self.canary)", "password"),
          ("password-file: \(nowhere)", nowhere), ("bearer-token-file: \(nowhere)", nowhere),
          ("slot: \(Self.canary)@", "slot"),
        ] {
          let usual = ["publication: p", "slot: s", "sink: \"https://127.0.0.1:1/\""]
          let key = line.prefix { $0 != ":" }
          let lines = usual.filter { !$0.hasPrefix("\(key):") } + [line]
          let path = try database.configure("relays:\n  r:\n" + lines.map { "    \($0)\n" }.joined())
          for command in [["run", "--config"], ["config", "check"], ["config", "show"]] {
            let child = try database.tailrace(command + [path])
            #expect(try child.exitCodeAfterAllOutput() == 78, "\(line)")
            #expect(child.errors.text.contains(place), "\(child.errors.text)")
            #expect(!(child.errors.text + child.output.text).contains(Self.canary), "\(child.errors.text)")
          }
        }
      }
    }
  }
}
