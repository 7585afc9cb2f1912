// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A database with an outbox, a publication `events` and a slot that is called like the database.
final class OutboxDatabase: Sendable {
  /// The outbox table, and functions to write to it: `place(n)` inserts one event, `place(a, b)` several.
  static let schema = """
    CREATE TABLE outbox (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(), aggregatetype text NOT NULL DEFAULT 'order',
      aggregateid text NOT NULL, type text NOT NULL DEFAULT 'Placed', payload jsonb);
    CREATE FUNCTION place(n int, key text DEFAULT 'a') RETURNS void LANGUAGE sql AS
      $$ INSERT INTO outbox (aggregateid, payload) VALUES (key, jsonb_build_object('n', n)) $$;
    CREATE FUNCTION place(first int, last int) RETURNS void LANGUAGE sql AS
      $$ INSERT INTO outbox (aggregateid, payload)
         SELECT 'k' || n % 7, jsonb_build_object('n', n) FROM generate_series(first, last) n $$;
    CREATE PROCEDURE place_one_by_one(first int, last int, pause float DEFAULT 0) LANGUAGE plpgsql AS
      $$ BEGIN
        FOR n IN first..last LOOP
          PERFORM place(n, 'k' || n % 7); COMMIT; PERFORM pg_sleep(pause);
        END LOOP;
      END $$;
    CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');

    """

  let server: TestServer
  let name: String
  let files: TemporaryDirectory
  private let children = Mutex<[ChildProcess]>([])
  /// Where traps are set, the options with which the test's own statements spring none.
  let options = Mutex("")

  /// Makes the database and, unless the schema is empty, its slot.
  init(_ server: TestServer, name: String, schema: String, encoding: String? = nil) throws {
    self.server = server
    self.name = name
    files = try TemporaryDirectory()
    let form = encoding.map { " TEMPLATE template0 ENCODING '\($0)'" } ?? ""
    try server.psql("CREATE DATABASE \(name)\(form);")
    guard !schema.isEmpty else { return }
    try psql(schema)
    try makeSlot()
  }

  var connection: String { server.connection(to: name) }
  var slot: String { name }
  /// Where `stream(to: .file)` writes.
  var file: String { files.file("events.ndjson") }

  /// The options that name this stream.
  var names: [String] { ["--database", connection, "--publication", "events", "--slot", slot] }

  func makeSlot(twoPhase: Bool = false) throws {
    try psql("SELECT pg_create_logical_replication_slot('\(slot)', 'pgoutput', false, \(twoPhase));")
  }

  @discardableResult
  func psql(_ sql: String, within seconds: Double = 60) throws -> String {
    try server.psql(sql, database: name, options: options.withLock { $0 }, within: seconds)
  }

  func session() throws -> ChildProcess {
    let child = try server.session(database: name, options: options.withLock { $0 })
    children.withLock { $0.append(child) }
    return child
  }

  /// Starts the program.
  func tailrace(
    _ arguments: [String], environment: [String: String] = [:], reader: Output.Reader = .eager,
    outputPath: String? = nil
  ) throws -> ChildProcess {
    try start(Tailrace.path, arguments, environment: environment, reader: reader, outputPath: outputPath)
  }

  /// Starts any program, which is ended with the database.
  func start(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], reader: Output.Reader = .eager,
    outputPath: String? = nil
  ) throws -> ChildProcess {
    let child = try ChildProcess(program, arguments, environment: environment, reader: reader, outputPath: outputPath)
    children.withLock { $0.append(child) }
    return child
  }

  /// Starts `tailrace stream` for this database.
  func stream(
    _ options: [String] = [], environment: [String: String] = [:], reader: Output.Reader = .eager
  ) throws -> ChildProcess {
    try tailrace(["stream"] + names + options, environment: environment, reader: reader)
  }

  /// Starts `tailrace stream` into `file`.
  func streamToFile(_ options: [String] = [], environment: [String: String] = [:]) throws -> ChildProcess {
    try stream(["--sink", "file:\(file)"] + options, environment: environment)
  }

  /// What is left to be streamed, up to the present or to where the options say.
  func rest(_ options: [String] = []) throws -> [String] {
    let child = try stream((options.contains("--until") ? [] : ["--until", "now"]) + options)
    let code = try child.exitCodeAfterAllOutput(within: 60)
    guard code == 0 else { throw ChildProcess.Failure(description: "ended with \(code): \(child.errors.text)") }
    return child.output.lines
  }

  /// The whole lines of the file so far.
  var fileLines: [String] {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return [] }
    return text.wholeLines
  }

  /// All lines of the rotated files and of the present one, in the order of the files' names.
  func allLines() throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: files.path)
      .filter { $0.hasPrefix("events.ndjson.") && !$0.contains(".state") }.sorted()
    return try names.flatMap { try String(contentsOfFile: files.file($0), encoding: .utf8).wholeLines } + fileLines
  }

  /// The numbers in the outbox.
  func committedNumbers() throws -> Set<Int> {
    Set(try psql("SELECT payload->>'n' FROM outbox").split(separator: "\n").compactMap { Int($0) })
  }

  /// Whether the slot's confirmed position has reached another one.
  func hasConfirmed(_ lsn: String) throws -> Bool {
    try psql("SELECT confirmed_flush_lsn >= '\(lsn)' FROM pg_replication_slots WHERE slot_name = '\(slot)'") == "t"
  }

  func confirmed() throws -> String {
    try psql("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '\(slot)'")
  }

  /// The server's present position.
  func position() throws -> String { try psql("SELECT pg_current_wal_flush_lsn()") }

  /// Waits until what has been written so far is confirmed; others may write on.
  func waitUntilAllIsConfirmed(within seconds: Double = 60) throws {
    let end = try position()
    try wait(until: "all is confirmed", within: seconds) { try hasConfirmed(end) }
  }

  /// Writes so much that the server removes log which the slot needs: one with a small `max_slot_wal_keep_size`.
  func loseSlot() throws {
    try psql("CREATE TABLE other (filler text);")
    try wait(until: "the slot is lost", within: 60) {
      try psql(
        "INSERT INTO other SELECT repeat('x', 1000) FROM generate_series(1, 20000); SELECT pg_switch_wal(); CHECKPOINT;"
      )
      return try psql("SELECT wal_status FROM pg_replication_slots WHERE slot_name = '\(slot)'") == "lost"
    }
  }

  func terminateWalsender() throws {
    try psql(
      "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '\(slot)' AND active;")
  }

  /// A role for the time of `body`.
  func withRole(_ options: String, _ body: (String) throws -> Void) throws {
    let role = "role_of_\(name)"
    try psql("CREATE ROLE \(role) \(options);")
    defer { _ = try? psql("DROP ROLE \(role);") }
    try body(role)
  }

  /// The walsender that serves the slot.
  func walsender() throws -> String? {
    let pid = try psql("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '\(slot)'")
    return pid.isEmpty ? nil : pid
  }

  func waitUntilStreaming() throws { try wait(until: "the slot is in use") { try walsender() != nil } }

  /// Whether a session of this database has a table for itself; the server has other databases, and other tests in them.
  func hasLocked(_ table: String) throws -> Bool {
    try psql(
      """
      SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = '\(table)'::regclass
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """) != "0"
  }

  /// What the programs said lately.
  var messages: String {
    children.withLock { $0 }.flatMap { child in child.messages.suffix(10).map { "[\(child.pid)] \($0)" } }
      .joined(separator: "\n")
  }

  /// Ends what was started and removes what was made.
  func remove() {
    for child in children.withLock({ $0 }) {
      child.signal(SIGCONT)
      try? child.kill9()
    }
    files.remove()
    let slots = "pg_replication_slots WHERE database = '\(name)'"
    try? wait(until: "slots are free", within: 5) {
      try server.psql(
        "SELECT pg_terminate_backend(active_pid) FROM \(slots) AND active; SELECT count(*) FROM \(slots) AND active;"
      ).split(separator: "\n").last == "0"
    }
    _ = try? server.psql("SELECT pg_drop_replication_slot(slot_name) FROM \(slots);")
    _ = try? server.psql("DROP DATABASE \(name) WITH (FORCE);")
  }
}

/// The program under test.
enum Tailrace {
  /// `TAILRACE_BINARY`, or the one that was built beside the tests.
  static let path = ProcessInfo.processInfo.environment["TAILRACE_BINARY"] ?? built

  /// The one that was built beside the tests, with what they are built with.
  static let built: String = {
    let tests =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("tailrace").path
  }()
}
