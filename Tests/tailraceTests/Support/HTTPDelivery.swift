// SPDX-License-Identifier: Apache-2.0

import Foundation

extension OutboxDatabase {
  /// Starts `tailrace stream` to a web server.
  func stream(to server: WebServer, _ options: [String] = []) throws -> ChildProcess {
    try stream(["--sink", server.url] + options)
  }

  /// Inserts events, each in a transaction of its own, with the keys `k0`, `k1` and so on in turn.
  func place(_ numbers: ClosedRange<Int>, keys: Int) throws {
    try psql(
      """
      DO $$ BEGIN
        FOR n IN \(numbers.lowerBound)..\(numbers.upperBound) LOOP PERFORM place(n, 'k' || n % \(keys)); COMMIT; END LOOP;
      END $$;
      """)
  }

  /// Waits until all of these are confirmed.
  func waitUntilConfirmed(_ events: [Event]) throws {
    guard let last = events.max(by: { $0.sequence < $1.sequence }) else { return }
    try wait(until: "all is confirmed", every: 0.05) { try hasConfirmed(last.commitLSN) }
  }

  /// Runs `tailrace dead-letters` to its end.
  func deadLetters(_ arguments: [String], at place: String) throws -> ChildProcess {
    let child = try tailrace(
      ["dead-letters", arguments[0], "--database", connection, "--dead-letters", place] + arguments.dropFirst())
    _ = try child.exitCodeAfterAllOutput()
    return child
  }
}

extension [Event] {
  /// Without those that came before.
  var firsts: [Event] {
    var seen: Set<String> = []
    return filter { seen.insert($0.id).inserted }
  }
}

extension WebServer {
  /// Whether every request for the same event had the same body.
  var repeatsBodies: Bool {
    Dictionary(grouping: requests) { $0.events.first?.id }.values.allSatisfy { requests in
      Set(requests.map(\.body)).count == 1
    }
  }
}
