// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresClient
import PostgresWire
import Synchronization

/// One connection, opened when it is needed and again when it was lost. Whatever waits for the server does so on a thread of its
/// own, so that no thread that tasks share ever does.
final class PooledConnection: Sendable {
  /// Keeps a connection where several threads get at it, one after another.
  private final class Wire {
    let server: Connection

    init(_ server: consuming Connection) { self.server = server }
  }

  /// Whether whoever waits has given up.
  private final class Stop: Sendable {
    let isWanted = Atomic(false)
  }

  /// Who waits now. On its own: the connection asks it, and must not hold whoever holds the connection.
  private final class Waiting: Sendable {
    let stop = Mutex<Stop?>(nil)

    var isStopWanted: Bool { stop.withLock { $0?.isWanted.load(ordering: .relaxed) ?? false } }
  }

  private let configuration: PostgresConfiguration
  private let thread = OwnQueue()
  private let wire = Mutex<Wire?>(nil)
  private let waiting = Waiting()

  init(_ configuration: PostgresConfiguration) { self.configuration = configuration }

  /// Does something with the connection, on its thread.
  ///
  /// - Parameters:
  ///   - mayConnect: whether there may be none yet; otherwise one that is gone is an error.
  ///   - mayBeStopped: whether the task's cancellation stops waiting for the answer, which then ends the connection.
  func use<Result: Sendable>(
    mayConnect: Bool = false, mayBeStopped: Bool = true,
    _ body: @escaping @Sendable (borrowing Connection) throws -> Result
  ) async throws -> Result {
    if mayBeStopped { try Task.checkCancellation() }
    let stop = Stop()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        thread.async { continuation.resume(with: .init { try self.use(mayConnect, stop, body) }) }
      }
    } onCancel: {
      if mayBeStopped { stop.isWanted.store(true, ordering: .relaxed) }
    }
  }

  private func use<Result: Sendable>(
    _ mayConnect: Bool, _ stop: Stop, _ body: @Sendable (borrowing Connection) throws -> Result
  ) throws -> Result {
    waiting.stop.withLock { $0 = stop }
    defer { waiting.stop.withLock { $0 = nil } }
    do {
      return try wire.withLock { wire in
        // One that was lost while nobody used it shows itself at the first statement, which has then done nothing.
        let isFresh = wire == nil
        do {
          return try run(&wire, mayConnect, body)
        } catch {
          guard mayConnect, !isFresh, wire == nil, !stop.isWanted.load(ordering: .relaxed) else { throw error }
          return try run(&wire, mayConnect, body)
        }
      }
    } catch {
      guard !stop.isWanted.load(ordering: .relaxed) else { throw CancellationError() }
      throw (error as? Failure)?.ofService ?? error
    }
  }

  private func run<Result: Sendable>(
    _ wire: inout Wire?, _ mayConnect: Bool, _ body: @Sendable (borrowing Connection) throws -> Result
  ) throws -> Result {
    if wire == nil {
      guard mayConnect else { throw Failure(.connection, "the connection was lost") }
      wire = Wire(
        try Connection.connect(
          configuration.database, for: .service(within: configuration.answerLimit), as: configuration.name,
          isCancelled: { [waiting] in waiting.isStopWanted }))
    }
    guard let open = wire else { throw PostgresSessionError.closed }
    // Whatever is left of an answer, or of a transaction, must meet nobody else.
    defer { if open.server.standing == .unclear { wire = nil } }
    return try body(open.server)
  }

  /// Ends the connection. The server rolls back what is open.
  func drop() async {
    await withCheckedContinuation { continuation in
      thread.async {
        self.wire.withLock { $0 = nil }
        continuation.resume()
      }
    }
  }
}

extension Failure {
  /// Without advice that is a relay's: a service needs other rights.
  fileprivate var ofService: Failure {
    guard kind == .privilege, advice == kind.advice else { return self }
    var failure = self
    failure.advice = "grant the service's role the right that the server names"
    return failure
  }
}
