// SPDX-License-Identifier: Apache-2.0

import SQLTransactions

/// A transaction that keeps what it is told to do, and says what a test wants it to say.
struct ScriptedTransaction: SQLTransaction {
  var statements: [String] = []
  var parameters: [[String?]] = []
  /// Rows that the next statements affect, the first first; then 1 each.
  var affected: [Int] = []
  var rows: [[String?]] = []

  mutating func execute(_ statement: String, _ parameters: [String?]) async throws -> Int {
    statements.append(statement)
    self.parameters.append(parameters)
    return affected.isEmpty ? 1 : affected.removeFirst()
  }

  mutating func query(_ statement: String, _ parameters: [String?]) async throws -> [[String?]] {
    statements.append(statement)
    self.parameters.append(parameters)
    return rows
  }

  mutating func savepoint<Result>(_ body: (inout Self) async throws -> Result) async throws -> Result {
    try await body(&self)
  }
}
