// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Configuration files, and `tailrace run` with them.
extension OutboxDatabase {
  /// The lines of a relay that reads a slot of this database; without one, its own.
  func relay(_ name: String, slot: String? = nil, _ lines: String...) -> String {
    let own = ["database: \(connection)", "publication: events", "slot: \(slot ?? self.slot)"]
    return "  \(name):\n" + (own + lines).map { "    \($0)\n" }.joined()
  }

  /// Writes a configuration and gives its path.
  @discardableResult
  func configure(_ text: String, named name: String = "tailrace.yaml") throws -> String {
    let path = files.file(name)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// Starts `tailrace run` with a configuration.
  func run(
    _ configuration: String, _ options: [String] = [], environment: [String: String] = [:]
  ) throws -> ChildProcess {
    try tailrace(["run", "--config", try configure(configuration)] + options, environment: environment)
  }

  /// Makes further slots of this database, which go with it.
  func makeSlots(_ names: String...) throws {
    for name in names { try psql("SELECT pg_create_logical_replication_slot('\(name)', 'pgoutput');") }
  }

  /// The same of a file and those that were begun before it under its name, the oldest first.
  func numbers(inAll file: String) throws -> [Int] {
    let names = try FileManager.default.contentsOfDirectory(atPath: files.path).filter {
      $0.hasPrefix("\(file).") && !$0.hasSuffix(".state") && !$0.hasSuffix(".new")
    }
    return try (names.sorted() + [file]).flatMap { try numbers(in: $0) }
  }

  /// The numbers of the events in a file, as they stand there.
  func numbers(in file: String) throws -> [Int] {
    guard let text = try? String(contentsOfFile: files.file(file), encoding: .utf8) else { return [] }
    return try Event.read(text.wholeLines).numbers
  }
}
