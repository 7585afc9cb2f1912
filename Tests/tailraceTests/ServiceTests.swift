// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What a service manager is told.
  @Suite struct Service {
    private static let patience: Duration = .seconds(4)

    /// How long a dead receiver is watched: ten minutes by hand, with `TAILRACE_WATCHED_SECONDS=600`.
    private static let watched =
      ProcessInfo.processInfo.environment["TAILRACE_WATCHED_SECONDS"].flatMap { Double($0) } ?? 12

    private func withManager(_ body: (OutboxDatabase, NotifySocket) throws -> Void) throws {
      try withDatabase { database in
        let manager = try NotifySocket(database.files.file("notify"))
        defer { manager.close() }
        try body(database, manager)
      }
    }

    private func waitUntilReady(_ manager: NotifySocket, within seconds: Double = 20) throws {
      try wait(until: "it says that it is ready", within: seconds) { !manager.messages(with: "READY=1").isEmpty }
    }

    @Test func `it is ready once it streams, not while there is no slot or no server`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let manager = try NotifySocket(database.files.file("notify"))
          defer { manager.close() }
          try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
          let missing = try database.stream(environment: manager.environment())
          #expect(try missing.exitCode() == 78)
          #expect(manager.messages(with: "READY=1").isEmpty)
          try database.makeSlot()
          try server.stop("fast")
          let stream = try database.stream(environment: manager.environment(watchdog: Self.patience))
          try wait(until: "it says what it waits for") { manager.status.hasPrefix("starting: connects to ") }
          Thread.sleep(forTimeInterval: 2)
          #expect(manager.messages(with: "READY=1").isEmpty && manager.messages(with: "WATCHDOG=1").isEmpty)
          try server.start()
          try waitUntilReady(manager, within: 60)
          #expect(try database.walsender() != nil, "it is ready before it streams")
          #expect(stream.isRunning)
        }
      }
    }

    @Test func `of two relays, one that fails keeps the process from being ready no longer than it is untried`() throws
    {
      try withManager { database, manager in
        let second = "\(database.name)_b"
        func text(_ slot: String) -> String {
          "relays:\n\(database.relay("a", "sink: file:\(database.file)"))\(database.relay("b", slot: slot))"
        }
        let relays = try database.run(text("nowhere"), environment: manager.environment(watchdog: Self.patience))
        try waitUntilReady(manager, within: 60)
        #expect(try database.walsender() != nil, "it is ready before one streams")
        try wait(until: "the other one is told of first") { manager.status.hasPrefix("b down: ") }
        try database.psql("SELECT place(1, 5);")
        try wait(until: "one delivers") { database.fileLines.count == 5 }
        // The way in which an operator mends it reaches it.
        try database.makeSlots(second)
        try database.configure(text(second))
        relays.signal(SIGHUP)
        try wait(until: "both are well", within: 60) {
          !manager.status.contains("down") && !manager.status.contains("starting") && manager.status.contains("b ")
        }
        try wait(until: "the reload is over") { manager.messages(with: "READY=1").count == 2 }
        let start = ContinuousClock.now
        try wait(until: "it is watched") { manager.messages(with: "WATCHDOG=1").count > 4 }
        #expect(manager.longestSilence(since: start) < Self.patience)
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0)
        #expect(!manager.messages(with: "STOPPING=1").isEmpty)
      }
    }

    @Test(arguments: [("2s", "40s"), ("40s", "2s")])
    func `the limit of a stop is that of the relays of now, and of those that a reload has not ended yet`(
      before: String, after: String
    ) throws {
      try withManager { database, manager in
        let gate = Gate()
        let server = try WebServer { _ in
          gate.pass()
          return .init(204)
        }
        defer {
          gate.open()
          server.close()
        }
        func text(_ limit: String) -> String {
          "relays:\n\(database.relay("a", "sink: \(server.url)", "drain-timeout: \(limit)"))"
        }
        let relay = try database.run(text(before), environment: manager.environment())
        try waitUntilReady(manager)
        if before == "40s" {
          // What leaves waits for the receiver.
          try database.psql("SELECT place(1);")
          try wait(until: "it delivers") { !server.requests.isEmpty }
        }
        try database.configure(text(after))
        relay.signal(SIGHUP)
        try wait(until: "it is read again") { relay.messages.contains { $0.contains("was read again") } }
        if before == "2s" {
          try wait(until: "it streams again") { relay.messages.count { $0.contains("streaming from slot") } == 2 }
        }
        relay.signal(SIGTERM)
        try wait(until: "it says that it stops") { !manager.messages(with: "STOPPING=1").isEmpty }
        let limit = manager.messages(with: "STOPPING=1").first?.value(of: "EXTEND_TIMEOUT_USEC").flatMap { Int($0) }
        #expect((45_000_000...55_000_000).contains(try #require(limit)))
        gate.open()
        _ = try relay.exitCode(within: 60)
      }
    }

    @Test func `a receiver that is dead, a lost server and a standby's wait starve no watchdog`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let manager = try NotifySocket(database.files.file("a"))
          let other = try NotifySocket(database.files.file("b"))
          defer {
            manager.close()
            other.close()
          }
          let (listener, port) = try TCP.listen()
          close(listener)
          let sink = ["--sink", "http://127.0.0.1:\(port)/", "--drain-timeout", "2s"]
          let stream = try database.stream(sink, environment: manager.environment(watchdog: Self.patience))
          try waitUntilReady(manager)
          let standby = try database.stream(
            sink + ["--wait-for-slot"], environment: other.environment(watchdog: Self.patience))
          try waitUntilReady(other)
          #expect(other.status.hasPrefix("standby: "), "\(other.status)")
          let start = ContinuousClock.now
          // So much that it stops reading.
          try database.psql("SELECT place(1, 50000);")
          Thread.sleep(forTimeInterval: Self.watched)
          #expect(manager.longestSilence(since: start) < Self.patience)
          if Self.watched > 20 { #expect(manager.status.hasPrefix("stalled: delivery to "), "\(manager.status)") }
          try server.stop("immediate")
          Thread.sleep(forTimeInterval: 6)
          try server.start()
          try wait(until: "one of them streams", within: 60) { try database.walsender() != nil }
          #expect(manager.longestSilence(since: start) < Self.patience)
          #expect(other.longestSilence(since: start) < Self.patience)
          for child in [stream, standby] { child.signal(SIGTERM) }
          for child in [stream, standby] { _ = try child.exitCode() }
        }
      }
    }

    @Test(.enabled(if: Strace.isAllowed, "needs strace, and a kernel that lets it trace"))
    func `a disk that takes long to sync starves no watchdog`() throws {
      try withManager { database, manager in
        let stream = try database.start(
          "/usr/bin/env",
          ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"]
            + ["-e", "inject=fsync,fdatasync:delay_enter=12000000:when=9+", Tailrace.path, "stream"]
            + database.names + ["--checkpoint", database.files.file("checkpoint"), "--sink", "file:\(database.file)"],
          environment: manager.environment(watchdog: Self.patience))
        try waitUntilReady(manager, within: 60)
        let start = ContinuousClock.now
        for number in 1...4 {
          try database.psql("SELECT place(\(number));")
          Thread.sleep(forTimeInterval: 3)
        }
        #expect(stream.isRunning && manager.longestSilence(since: start) < Self.patience)
      }
    }

    @Test(.enabled(if: Strace.isAllowed, "needs strace, and a kernel that lets it trace"))
    func `a loop that hangs is found out`() throws {
      try withManager { database, manager in
        let stream = try database.streamToFile([], environment: manager.environment(watchdog: Self.patience))
        try waitUntilReady(manager)
        try wait(until: "it is watched") { manager.messages(with: "WATCHDOG=1").count > 1 }
        // Without -f, the thread alone that is the process's first: the loop's.
        let hang = try database.start(
          "/usr/bin/env",
          ["strace", "-qq", "-o", "/dev/null", "-p", "\(stream.pid)", "-e", "trace=poll"]
            + ["-e", "inject=poll:delay_enter=60000000"])
        defer { try? hang.kill9() }
        let start = ContinuousClock.now
        try wait(until: "nothing more is heard of it", within: 40) {
          manager.longestSilence(since: start) > Self.patience + .seconds(1)
        }
        #expect(stream.isRunning)
      }
    }

    @Test func `a reload is told with its beginning and its end`() throws {
      try withManager { database, manager in
        let stream = try database.streamToFile([], environment: manager.environment())
        try database.psql("SELECT place(1);")
        try waitUntilReady(manager)
        stream.signal(SIGHUP)
        try wait(until: "the reload is over") { manager.messages(with: "READY=1").count == 2 }
        let told = manager.messages.compactMap { message in
          message.lines.first { $0 == "READY=1" || $0 == "RELOADING=1" }
        }
        #expect(told == ["READY=1", "RELOADING=1", "READY=1"])
        let clock = manager.messages(with: "RELOADING=1").first?.value(of: "MONOTONIC_USEC").flatMap { Int64($0) }
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let age = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000 - (try #require(clock))
        #expect((0..<30_000_000).contains(age), "\(age) µs")
      }
    }

    @Test func `a stop is told at once with its limit, and kept to although the receiver hangs`() throws {
      try withDatabase { database in
        let manager = try NotifySocket("@tailrace-\(getpid())-\(database.name)")
        let gate = Gate()
        let server = try WebServer { _ in
          gate.pass()
          return .init(204)
        }
        defer {
          gate.open()
          server.close()
          manager.close()
        }
        let stream = try database.stream(
          ["--sink", server.url, "--drain-timeout", "2s"], environment: manager.environment())
        try waitUntilReady(manager)
        try database.psql("SELECT place(1, 10);")
        try wait(until: "it delivers") { !server.requests.isEmpty }
        let time = try duration(of: {
          stream.signal(SIGTERM)
          try wait(until: "it says that it stops", within: 1.5) { !manager.messages(with: "STOPPING=1").isEmpty }
          #expect(try stream.exitCode() == 69)
        })
        #expect(time > 1 && time < 12, "\(time)")
        #expect(manager.messages(with: "STOPPING=1").first?.value(of: "EXTEND_TIMEOUT_USEC") == "17000000")
      }
    }

    @Test(arguments: ["relative", "vsock:2:1", "/nowhere/notify", "@", "/" + String(repeating: "x", count: 108)])
    func `a manager that cannot be told is warned of once, and nothing else changes`(name: String) throws {
      try withDatabase { database in
        let stream = try database.stream(["--until", "now"], environment: ["NOTIFY_SOCKET": name])
        #expect(try stream.exitCode() == 0)
        let warnings = stream.messages.filter { $0.contains("warning: NOTIFY_SOCKET: ") }
        #expect(warnings.count == 1, "\(stream.errors.text)")
      }
    }

    @Test func `a time limit that is meant for another process is not kept`() throws {
      try withManager { database, manager in
        var environment = manager.environment(watchdog: Self.patience)
        environment["WATCHDOG_PID"] = "1"
        _ = try database.stream(environment: environment)
        try waitUntilReady(manager)
        Thread.sleep(forTimeInterval: 3)
        #expect(manager.messages(with: "WATCHDOG=1").isEmpty)
      }
    }
  }
}
