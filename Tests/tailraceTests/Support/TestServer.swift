// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A throwaway PostgreSQL server, made by `Scripts/scratch-server`.
final class TestServer: Sendable {
  let directory: TemporaryDirectory
  let version: Int
  let port: String
  private let databases = Atomic(0)

  /// Creates and starts a server with further settings for its `postgresql.conf`.
  ///
  /// Roles that are members of `secretive` need a password, all others none.
  init(version: Int = 15, settings: [String: String] = [:]) throws {
    let directory = try TemporaryDirectory(in: Self.place)
    let options = settings.flatMap { ["--set", "\($0.key)=\($0.value)"] }
    do {
      let connection = try Self.script(["start", directory.path, "--version", "\(version)"] + options)
      port = connection.split(separator: " ").first { $0.hasPrefix("port=") }.map { String($0.dropFirst(5)) } ?? ""
      try Self.requirePasswords(of: "secretive", directory)
    } catch {
      Self.destroy(directory)
      throw error
    }
    self.directory = directory
    self.version = version
  }

  /// Creates and starts a standby of another server, which takes over slots that follow a failover if it is to.
  init(standbyOf primary: TestServer, hasSlots: Bool = false) throws {
    let directory = try TemporaryDirectory(in: Self.place)
    let data = "\(directory.path)/data"
    do {
      let programs = try Self.script(["bindir", "--version", "\(primary.version)"]).split(separator: "\n")[0]
      _ = try ChildProcess.run(
        "\(programs)/pg_basebackup",
        ["-d", primary.connection(to: "postgres"), "-D", data, "-R", "-c", "fast"]
          + (hasSlots ? ["-C", "-S", "standby"] : []))
      _ = try ChildProcess.run("/bin/chown", ["-R", "--reference=\(primary.directory.path)/data", directory.path])
      port = "\(try WebServer.freePort())"
      try "\(programs)\n\(port)\n".write(
        toFile: directory.file(".tailrace-scratch-server"), atomically: false, encoding: .utf8)
      let following = ["--set", "sync_replication_slots=on", "--set", "hot_standby_feedback=on"]
      _ = try Self.script(
        ["start", directory.path, "--set", "unix_socket_directories=\(directory.path)"] + (hasSlots ? following : []))
    } catch {
      Self.destroy(directory)
      throw error
    }
    self.directory = directory
    version = primary.version
  }

  /// In memory, where that is large enough: most of what servers do in tests is to make databases, and to remove them.
  private static let place: String = {
    let memory = try? FileManager.default.attributesOfFileSystem(forPath: "/dev/shm")
    return (memory?[.systemFreeSize] as? Int) ?? 0 >= 8 << 30 ? "/dev/shm" : "/tmp"
  }()

  private static func requirePasswords(of role: String, _ directory: TemporaryDirectory) throws {
    let rules = directory.path + "/data/pg_hba.conf"
    let others = try String(contentsOfFile: rules, encoding: .utf8)
    try "host all +\(role) 127.0.0.1/32 scram-sha-256\n\(others)".write(
      toFile: rules, atomically: false, encoding: .utf8)
    _ = try script(["psql", directory.path, "-q", "-t", "-c", "CREATE ROLE \(role)", "-c", "SELECT pg_reload_conf()"])
  }

  /// Whether there is a server to test with.
  static let isAvailable = (try? script(["bindir", "--version", "15"])) != nil

  /// A server of its own for the time of `body`, which may do anything to it.
  static func with(
    version: Int = 15, settings: [String: String] = [:], _ body: (TestServer) throws -> Void
  ) throws {
    let server = try TestServer(version: version, settings: settings)
    defer { server.destroy() }
    try body(server)
  }

  func connection(to database: String, user: String = "postgres", port: String? = nil) -> String {
    "host=127.0.0.1 port=\(port ?? self.port) user=\(user) dbname=\(database)"
  }

  func start() throws { _ = try Self.script(["start", directory.path]) }
  func stop(_ mode: String = "fast") throws { _ = try Self.script(["stop", directory.path, "--mode", mode]) }

  private var data: String { "\(directory.path)/data" }
  private var copy: String { "\(directory.path)/copy" }

  /// Stops, keeps a copy of the data, and goes on.
  func copyData() throws {
    try stop()
    _ = try ChildProcess.run("/bin/cp", ["-a", data, copy])
    try start()
  }

  /// Puts the copy back in the place of the data, as restoring a snapshot does.
  func putBack() throws {
    try stop("immediate")
    _ = try ChildProcess.run("/bin/rm", ["-rf", data])
    _ = try ChildProcess.run("/bin/mv", [copy, data])
    try start()
  }

  func restart() throws { _ = try Self.script(["restart", directory.path]) }
  func kill() throws { _ = try Self.script(["kill", directory.path]) }

  func destroy() { Self.destroy(directory) }

  private static func destroy(_ directory: TemporaryDirectory) {
    _ = try? script(["destroy", directory.path])
    directory.remove()
  }

  /// Runs statements, each in a transaction of its own, and returns what they print.
  ///
  /// - Parameter options: the server's options, which count more than what a database sets.
  @discardableResult
  func psql(
    _ sql: String, database: String = "postgres", options: String = "", within seconds: Double = 60
  ) throws -> String {
    let text = try ChildProcess.run(
      Self.path, psqlArguments(database) + ["-v", "ON_ERROR_STOP=1"], environment: ["PGOPTIONS": options],
      input: sql + "\n", within: seconds)
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  /// A psql to which statements can be written one by one; it reports errors and goes on.
  func session(database: String, options: String = "") throws -> ChildProcess {
    try ChildProcess(Self.path, psqlArguments(database), environment: ["PGOPTIONS": options])
  }

  /// A database for the time of `body`.
  func withDatabase(
    _ schema: String = OutboxDatabase.schema, encoding: String? = nil, _ body: (OutboxDatabase) throws -> Void
  ) throws {
    let number = databases.add(1, ordering: .relaxed).newValue
    let database = try OutboxDatabase(self, name: "test\(number)", schema: schema, encoding: encoding)
    defer { database.remove() }
    do {
      guard OutboxDatabase.allAreHostile else { return try body(database) }
      try database.whileHostile { try body(database) }
    } catch {
      throw ChildProcess.Failure(description: "\(error)\n\(database.messages)")
    }
  }

  private func psqlArguments(_ database: String) -> [String] {
    ["psql", directory.path, "-d", database, "-A", "-t", "-q", "-f", "-"]
  }

  private static func script(_ arguments: [String]) throws -> String { try ChildProcess.run(path, arguments) }

  static let path = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../Scripts/scratch-server").standardizedFileURL.path
}
