// SPDX-License-Identifier: Apache-2.0

import Dispatch
import PostgresClient
import SQLTransactions

/// One connection. Statements wait for the server on a thread of their own, never on one that tasks share.
final class Session: Sendable {
  private let statements: SQLSession
  private let queue = DispatchQueue(label: "session")

  init(_ database: String) { statements = SQLSession(database: database) }

  func query(_ statement: String, _ parameters: [String?] = []) async throws -> [[String?]] {
    try await withCheckedThrowingContinuation { done in
      queue.async { done.resume(with: Result { try self.statements.query(statement, parameters).map(Array.init) }) }
    }
  }
}

/// A transaction over a connection; what it changes it counts by what comes back.
struct Transaction: SQLTransaction {
  let session: Session

  mutating func execute(_ statement: String, _ parameters: [String?]) async throws -> Int {
    let returns = ["INSERT", "UPDATE", "DELETE", "WITH"].contains { statement.hasPrefix($0) }
    return try await session.query(statement + (returns ? " RETURNING 1" : ""), parameters).count
  }

  mutating func query(_ statement: String, _ parameters: [String?]) async throws -> [[String?]] {
    try await session.query(statement, parameters)
  }

  mutating func savepoint<Result>(_ body: (inout Self) async throws -> Result) async throws -> Result {
    _ = try await session.query("SAVEPOINT s")
    do {
      let result = try await body(&self)
      _ = try await session.query("RELEASE SAVEPOINT s")
      return result
    } catch {
      _ = try await session.query("ROLLBACK TO SAVEPOINT s")
      throw error
    }
  }
}

/// So many connections, and those who wait for one.
actor Sessions {
  private var free: [Session]
  private var waiting: [CheckedContinuation<Session, Never>] = []

  init(_ database: String, count: Int) { free = (0..<count).map { _ in Session(database) } }

  /// Commits what the body has done, unless it throws.
  nonisolated func transaction<Result: Sendable>(
    _ body: @Sendable (inout Transaction) async throws -> Result
  ) async throws -> Result {
    let session = await take()
    do {
      _ = try await session.query("BEGIN; SET LOCAL search_path = public")
      var transaction = Transaction(session: session)
      let result = try await body(&transaction)
      _ = try await session.query("COMMIT")
      await giveBack(session)
      return result
    } catch {
      _ = try? await session.query("ROLLBACK")
      await giveBack(session)
      throw error
    }
  }

  private func take() async -> Session {
    if let session = free.popLast() { return session }
    return await withCheckedContinuation { waiting.append($0) }
  }

  private func giveBack(_ session: Session) {
    if waiting.isEmpty { free.append(session) } else { waiting.removeFirst().resume(returning: session) }
  }
}
