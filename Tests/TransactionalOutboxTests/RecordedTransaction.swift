// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import SQLTransactions
import Synchronization

/// A transaction that remembers what it was asked, and says that every row was written.
struct RecordedTransaction: SQLTransaction, UnitTransaction {
  final class Memory: Sendable {
    let statements = Mutex<[(text: String, parameters: [String?])]>([])
    /// How many rows each statement seems to write; nil for as many as its first parameter has objects.
    let written = Mutex<Int?>(nil)
  }

  let memory = Memory()

  var statements: [(text: String, parameters: [String?])] { memory.statements.withLock { $0 } }

  private func note(_ statement: String, _ parameters: [String?]) -> Int {
    memory.statements.withLock { $0.append((statement, parameters)) }
    let objects = (parameters.first ?? nil)?.components(of: "\"aggregatetype\":") ?? 0
    return memory.written.withLock { $0 } ?? objects
  }

  mutating func execute(_ statement: String, _ parameters: [String?]) async throws -> Int {
    note(statement, parameters)
  }

  mutating func query(_ statement: String, _ parameters: [String?]) async throws -> [[String?]] {
    Array(repeating: [nil], count: note(statement, parameters))
  }

  mutating func savepoint<Result>(_ body: (inout Self) async throws -> Result) async throws -> Result {
    try await body(&self)
  }
}

extension String {
  fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}

/// Gives one transaction.
final class RecordedSource: TransactionSource {
  let transaction = RecordedTransaction()

  func transaction<Result>(_ body: (inout RecordedTransaction) async throws -> Result) async throws -> Result {
    var transaction = transaction
    return try await body(&transaction)
  }

  func mayBeRunAgain(after error: any Error) -> Bool { false }
}
