// SPDX-License-Identifier: Apache-2.0

public import DomainEvents
import PostgresClient
import PostgresWire
public import SQLTransactions
import Synchronization

/// An open transaction. A handle: its copies speak to the same one, a statement at a time, until it is over.
///
/// A statement that the server refuses throws PostgresWire's `Failure`, with its SQLSTATE; all is then undone, even if that is
/// caught, up to the savepoint around it if there is one.
public struct PostgresTransaction: SQLTransaction, UnitTransaction {
  let open: OpenTransaction

  /// Runs a statement. Gives how many rows it has inserted, changed or removed.
  @discardableResult
  public mutating func execute(_ statement: String, _ parameters: [String?] = []) async throws -> Int {
    try await open.perform(statement, parameters).affected
  }

  /// Runs a statement. Gives its rows, each with its columns as text; nil is NULL.
  public mutating func query(_ statement: String, _ parameters: [String?] = []) async throws -> [[String?]] {
    try await open.perform(statement, parameters).rows
  }

  /// Runs what may fail without the whole: what is thrown out of it undoes what it has done, and is thrown on.
  public mutating func savepoint<Result>(
    _ body: (inout PostgresTransaction) async throws -> Result
  ) async throws -> Result {
    let name = try await open.beginSavepoint()
    do {
      let result = try await body(&self)
      try await open.keep(name)
      return result
    } catch {
      throw try await open.undo(name, error)
    }
  }
}

/// What the copies of a handle share.
final class OpenTransaction: Sendable {
  private struct State {
    var isOver = false
    var savepoints = 0
    /// What the server has refused since the newest savepoint that was undone.
    var refusal: Failure?
  }

  private let connection: PooledConnection
  private let state = Mutex(State())

  init(_ connection: PooledConnection) { self.connection = connection }

  var refusal: Failure? { state.withLock { $0.refusal } }

  func end() { state.withLock { $0.isOver = true } }

  func perform(_ statement: String, _ parameters: [String?]) async throws -> Connection.Answer {
    guard !state.withLock({ $0.isOver }) else { throw PostgresSessionError.transactionOver }
    try Self.check(parameters)
    do {
      return try await connection.use { server in
        let answer = try server.perform(statement, parameters)
        guard server.standing != .idle else { throw PostgresSessionError.endedByStatement }
        return answer
      }
    } catch let failure as Failure {
      state.withLock { $0.refusal = $0.refusal ?? failure }
      throw failure
    }
  }

  /// What is passed to libpq as a C string would end at a zero byte without a word.
  static func check(_ parameters: [String?]) throws {
    for (number, parameter) in parameters.enumerated() where parameter?.utf8.contains(0) == true {
      throw PostgresSessionError.zeroByte(parameter: number + 1)
    }
  }

  func beginSavepoint() async throws -> String {
    let number = state.withLock { state in
      state.savepoints += 1
      return state.savepoints
    }
    _ = try await perform("SAVEPOINT unit_\(number)", [])
    return "unit_\(number)"
  }

  func keep(_ savepoint: String) async throws {
    // Where something inside was refused and caught, it is still refused.
    _ = try await perform("RELEASE SAVEPOINT \(savepoint)", [])
  }

  /// Goes back to a savepoint. Gives what is to be thrown.
  func undo(_ savepoint: String, _ error: any Error) async throws -> any Error {
    let first = refusal
    do {
      try await connection.use(mayBeStopped: false) { server in
        _ = try server.perform("ROLLBACK TO SAVEPOINT \(savepoint); RELEASE SAVEPOINT \(savepoint)")
      }
    } catch let failure as Failure {
      // With the connection the whole transaction is gone: what was thrown says why, and nothing is committed after it.
      state.withLock { $0.refusal = $0.refusal ?? failure }
      return error
    }
    state.withLock { $0.refusal = nil }
    // The server's word for "in a failed transaction" hides why it has failed.
    return (error as? Failure)?.sqlState == "25P02" ? first ?? error : error
  }
}
