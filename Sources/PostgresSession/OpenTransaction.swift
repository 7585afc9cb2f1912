// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire
import Synchronization

/// What the copies of a handle share.
///
/// What the transaction stands at is asked on the connection's thread alone. Asked before, something else might come between, and
/// what is done then would be done in whatever the connection is used for next.
final class OpenTransaction: Sendable {
  private struct State {
    var isOver = false
    /// The savepoints that are open, the innermost last.
    var savepoints: [Int] = []
    /// What the server has refused since the newest savepoint that was undone.
    var refusal: Failure?
    /// What makes the transaction useless, whatever is undone.
    var fault: PostgresSessionError?

    func check() throws {
      if let fault { throw fault }
      if isOver { throw PostgresSessionError.transactionOver }
    }

    /// Notes what no commit may follow.
    mutating func fail(_ error: PostgresSessionError) -> PostgresSessionError {
      fault = error
      return error
    }
  }

  /// The savepoints that this task is inside of, of whatever transaction.
  @TaskLocal private static var around: [Int] = []
  /// No two in the process have the same number, so that none is ever taken for another.
  private static let numbers = Atomic(0)

  private let connection: PooledConnection
  private let state = Mutex(State())

  init(_ connection: PooledConnection) { self.connection = connection }

  var refusal: Failure? { state.withLock { $0.refusal } }
  var isEndedByStatement: Bool { state.withLock { $0.fault == .endedByStatement } }

  /// Lets nothing more be done. Throws what no commit may follow.
  func end() throws {
    try state.withLock { state in
      try state.check()
      if let refusal = state.refusal { throw refusal }
      guard state.savepoints.isEmpty else { throw state.fail(.savepointsAtOnce) }
      state.isOver = true
    }
  }

  func giveUp() { state.withLock { $0.isOver = true } }

  /// Commits, behind what was begun before the end and is done only now.
  func commit(_ server: borrowing Connection) throws {
    defer { if server.standing == .open || server.standing == .failed { _ = try? server.perform("ROLLBACK") } }
    try state.withLock { state in
      if let fault = state.fault { throw fault }
      if let refusal = state.refusal { throw refusal }
      guard state.savepoints.isEmpty else { throw PostgresSessionError.savepointsAtOnce }
    }
    try Commit.perform(server)
  }

  func perform(_ statement: String, _ parameters: [String?]) async throws -> Connection.Answer {
    try Self.check(statement, parameters)
    return try await use { server in
      defer { if server.standing == .idle { self.state.withLock { $0.fault = .endedByStatement } } }
      let answer = try server.perform(statement, parameters, isSingle: true)
      guard !Self.boundaries.contains(answer.tag) else {
        throw self.state.withLock { $0.fail(.endedByStatement) }
      }
      return answer
    }
  }

  /// What a statement says it was that begins or ends a transaction, or goes back in it. Those that end one and begin the next
  /// leave no other trace.
  private static let boundaries: Set = ["BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "PREPARE TRANSACTION"]

  /// What is passed to libpq as a C string would end at a zero byte without a word.
  static func check(_ statement: String, _ parameters: [String?]) throws {
    guard !statement.utf8.contains(0) else { throw PostgresSessionError.zeroByteInStatement }
    guard parameters.count <= 65_535 else { throw PostgresSessionError.tooManyParameters(parameters.count) }
    for (number, parameter) in parameters.enumerated() where parameter?.utf8.contains(0) == true {
      throw PostgresSessionError.zeroByte(parameter: number + 1)
    }
  }

  /// Does something where nothing is open that this task is not inside of: a savepoint that another has opened would undo it.
  private func use<Result: Sendable>(
    _ body: @escaping @Sendable (borrowing Connection) throws -> Result
  ) async throws -> Result {
    let around = Self.around
    return try await connection.use { server in
      try self.state.withLock { state in
        try state.check()
        guard let innermost = state.savepoints.last, !around.contains(innermost) else { return }
        throw state.fail(.savepointsAtOnce)
      }
      return try self.noting { try body(server) }
    }
  }

  /// Notes what the server refuses.
  private func noting<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let failure as Failure {
      state.withLock { $0.refusal = $0.refusal ?? failure }
      throw failure
    }
  }
}

/// Its savepoints.
extension OpenTransaction {
  /// Does something inside a savepoint.
  static func whileIn<Result>(_ savepoint: Int, _ body: () async throws -> Result) async throws -> Result {
    try await $around.withValue(around + [savepoint]) { try await body() }
  }

  func beginSavepoint() async throws -> Int {
    let number = Self.numbers.add(1, ordering: .relaxed).newValue
    try await use { server in
      _ = try server.perform("SAVEPOINT unit_\(number)")
      self.state.withLock { $0.savepoints.append(number) }
    }
    return number
  }

  func keep(_ savepoint: Int) async throws {
    try await connection.use { server in
      try self.checkInnermost(savepoint)
      // Where something inside was refused and caught, it is still refused.
      _ = try self.noting { try server.perform("RELEASE SAVEPOINT unit_\(savepoint)") }
      self.state.withLock { _ = $0.savepoints.popLast() }
    }
  }

  /// Goes back to a savepoint. Gives what is to be thrown.
  func undo(_ savepoint: Int, _ thrown: any Error) async -> any Error {
    do {
      let first = try await connection.use(mayBeStopped: false) { server in
        try self.checkInnermost(savepoint)
        // With the connection the whole transaction is gone, and nothing is committed after it.
        _ = try self.noting {
          try server.perform("ROLLBACK TO SAVEPOINT unit_\(savepoint); RELEASE SAVEPOINT unit_\(savepoint)")
        }
        return self.state.withLock { state in
          defer { state.refusal = nil }
          _ = state.savepoints.popLast()
          return state.refusal
        }
      }
      // The server's word for "in a failed transaction" hides why it has failed.
      return (thrown as? Failure)?.sqlState == "25P02" ? first ?? thrown : thrown
    } catch {
      // What was thrown first says why.
      return thrown
    }
  }

  /// Lets a savepoint end only where none is open inside it.
  private func checkInnermost(_ savepoint: Int) throws {
    try state.withLock { state in
      try state.check()
      guard state.savepoints.last == savepoint else { throw state.fail(.savepointsAtOnce) }
    }
  }
}
