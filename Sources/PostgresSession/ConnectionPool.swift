// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// So many connections at most, and those that wait for one, the first first.
final class ConnectionPool: Sendable {
  private struct State {
    /// The last to come back is the next to go.
    var free: [PooledConnection] = []
    var made = 0
    var waiting: [(number: Int, continuation: CheckedContinuation<PooledConnection, any Error>)] = []
    var isClosed = false
  }

  private let configuration: PostgresConfiguration
  private let state = Mutex(State())
  private let numbers = Atomic(0)

  init(_ configuration: PostgresConfiguration) { self.configuration = configuration }

  /// A connection for whoever gives it back.
  func take() async throws -> PooledConnection {
    try Task.checkCancellation()
    if let connection = try takeAtOnce() { return connection }
    let number = numbers.add(1, ordering: .relaxed).newValue
    var clock: Task<Void, any Error>?
    defer { clock?.cancel() }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        wait(number, continuation)
        // Not before: a clock that is over when nobody waits yet would find nobody.
        clock = startClock(number)
        // Whoever was cancelled before has not been found among those that wait.
        if Task.isCancelled { giveUp(number, CancellationError()) }
      }
    } onCancel: {
      giveUp(number, CancellationError())
    }
  }

  private func startClock(_ number: Int) -> Task<Void, any Error> {
    let patience = configuration.patience
    return Task {
      try await Task.sleep(for: patience)
      giveUp(number, PostgresSessionError.allInUse(patience))
    }
  }

  private func takeAtOnce() throws -> PooledConnection? {
    try state.withLock { state in try Self.next(&state, configuration) }
  }

  private static func next(_ state: inout State, _ configuration: PostgresConfiguration) throws -> PooledConnection? {
    if state.isClosed { throw PostgresSessionError.closed }
    if let free = state.free.popLast() { return free }
    guard state.made < max(1, configuration.connections) else { return nil }
    state.made += 1
    return PooledConnection(configuration)
  }

  private func wait(_ number: Int, _ continuation: CheckedContinuation<PooledConnection, any Error>) {
    let found = Result {
      // One may have come back since the first look.
      try state.withLock { state in
        let next = try Self.next(&state, configuration)
        if next == nil { state.waiting.append((number, continuation)) }
        return next
      }
    }
    switch found {
    case .success(nil): break
    case .success(let connection?): continuation.resume(returning: connection)
    case .failure(let error): continuation.resume(throwing: error)
    }
  }

  private func giveUp(_ number: Int, _ error: any Error) {
    let waiting = state.withLock { state in
      state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0).continuation }
    }
    waiting?.resume(throwing: error)
  }

  /// Takes a connection back, or ends it where the pool is closed.
  func giveBack(_ connection: PooledConnection) async {
    let (next, isClosed) = state.withLock { state -> (CheckedContinuation<PooledConnection, any Error>?, Bool) in
      if !state.waiting.isEmpty { return (state.waiting.removeFirst().continuation, false) }
      if !state.isClosed { state.free.append(connection) }
      return (nil, state.isClosed)
    }
    next?.resume(returning: connection)
    if isClosed { await connection.drop() }
  }

  /// Lets nobody have a connection any more, and ends those that are free; the others end when they come back.
  func close() async {
    let (waiting, free) = state.withLock { state in
      defer { (state.waiting, state.free) = ([], []) }
      state.isClosed = true
      return (state.waiting.map(\.continuation), state.free)
    }
    for continuation in waiting { continuation.resume(throwing: PostgresSessionError.closed) }
    for connection in free { await connection.drop() }
  }
}
