// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Dispatch
import Files
package import PostgresWire

/// Statements and their answers.
extension Connection {
  /// Runs a statement and returns its rows. Its parameters are `$1` and so on; without any, there may be several
  /// statements, of which the last one's rows are returned.
  ///
  /// - Parameter mayTakeLong: whether it may have to wait for others' transactions, so that no time limit holds.
  package func query(
    _ sql: String, _ parameters: [String?] = [], mayTakeLong: Bool = false
  ) throws(Failure) -> [SQLRow] {
    try rows(sql, parameters, within: mayTakeLong ? nil : timeLimit)
  }

  /// Runs a statement and returns its rows, where its answer comes in time; else the connection is of no use any more.
  package func query(
    _ sql: String, _ parameters: [String?] = [], within limit: Duration
  ) throws(Failure) -> [SQLRow] {
    try rows(sql, parameters, within: limit)
  }

  private func rows(
    _ sql: String, _ parameters: [String?], within limit: Duration?
  ) throws(Failure) -> [SQLRow] {
    let result = try unsafe execute(sql, parameters, within: limit)
    defer { unsafe PQclear(result) }
    let status = unsafe PQresultStatus(result)
    guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else { throw unsafe failure(result) }
    let columns = unsafe PQnfields(result)
    return unsafe (0..<PQntuples(result)).map { row in
      SQLRow(
        (0..<columns).map { column in
          unsafe PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
        })
    }
  }

  /// The last result, as `PQexec` has it, but without waiting for ever.
  ///
  /// - Parameter isSingle: whether the server is to refuse several statements at once, as it does where there are parameters.
  func execute(
    _ sql: String, _ parameters: [String?], isSingle: Bool = false, within limit: Duration?
  ) throws(Failure) -> OpaquePointer? {
    let deadline = limit.map { ContinuousClock.now + $0 }
    try send(sql, parameters, isSingle, until: deadline, limit ?? .zero)
    return try unsafe lastResult(until: deadline, limit ?? .zero)
  }

  /// Takes what is left of a stream that the server has ended with an error; statements can be run then.
  package func settle() throws(Failure) {
    let rest = try unsafe lastResult(until: timeLimit.map { .now + $0 }, timeLimit ?? .zero)
    unsafe PQclear(rest)
  }

  private func lastResult(
    until deadline: ContinuousClock.Instant?, _ limit: Duration
  ) throws(Failure) -> OpaquePointer? {
    var last: OpaquePointer?
    var isBusy = true
    defer { if isBusy { unsafe PQclear(last) } }
    while isBusy {
      while unsafe PQisBusy(connection) == 1 {
        socket.wait(forWriting: false, milliseconds: 200)
        guard unsafe PQconsumeInput(connection) == 1 else { throw lost() }
        try checkPatience(until: deadline, limit)
      }
      let next = unsafe PQgetResult(connection)
      // While a copy goes on, the same result comes again and again.
      isBusy = unsafe next != nil && ![PGRES_COPY_BOTH, PGRES_COPY_IN, PGRES_COPY_OUT].contains(PQresultStatus(next))
      if unsafe next != nil {
        unsafe PQclear(last)
        unsafe last = next
      }
    }
    return unsafe last
  }

  /// Sends a statement whole, however much its parameters hold, without waiting for ever.
  private func send(
    _ sql: String, _ parameters: [String?], _ isSingle: Bool, until deadline: ContinuousClock.Instant?,
    _ limit: Duration
  ) throws(Failure) {
    _ = unsafe PQsetnonblocking(connection, 1)
    let isSent =
      if parameters.isEmpty, !isSingle {
        unsafe PQsendQuery(connection, sql)
      } else {
        unsafe Self.withCStrings(parameters) { values in
          unsafe PQsendQueryParams(connection, sql, CInt(parameters.count), nil, values, nil, nil, 0)
        }
      }
    guard isSent == 1 else { throw lost() }
    while true {
      switch unsafe PQflush(connection) {
      case 0: return
      case 1:
        socket.wait(forWriting: true, milliseconds: 200)
        guard unsafe PQconsumeInput(connection) == 1 else { throw lost() }
        try checkPatience(until: deadline, limit)
      default: throw lost()
      }
    }
  }

  /// Gives up when there is a stop or the time is over; the server is told, so that it does not go on for nobody.
  private func checkPatience(until deadline: ContinuousClock.Instant?, _ limit: Duration) throws(Failure) {
    let isOver = deadline.map { ContinuousClock.now >= $0 } ?? false
    guard isCancelled() || isOver else { return }
    cancel()
    guard isOver else { throw Self.stopped }
    throw Self.silent(
      for: limit,
      advice: isReplicating
        ? nil : "see in pg_stat_activity what it waits for, such as a lock, or whether the network has gone")
  }

  /// Asks the server to give up what it is doing. Waits for that only a moment, since the server may be out of reach; a
  /// replication stream is given up by the server itself when the connection ends.
  private func cancel() {
    guard !isReplicating, let request = unsafe PQgetCancel(connection) else { return }
    // A pointer does not cross threads, its number does; nobody else has it.
    let number = UInt(bitPattern: request)
    let isSent = DispatchSemaphore(value: 0)
    let reason = OwnThread.start {
      let request = unsafe OpaquePointer(bitPattern: number)
      var words = [CChar](repeating: 0, count: 256)
      _ = unsafe PQcancel(request, &words, CInt(words.count))
      unsafe PQfreeCancel(request)
      isSent.signal()
    }
    // Without one, the server finds out when the connection ends.
    if reason != nil { return unsafe PQfreeCancel(request) }
    _ = isSent.wait(timeout: .now() + .seconds(1))
  }
}
