// SPDX-License-Identifier: Apache-2.0

import OutboxMapping
import PostgresWire

/// From one connection to the next.
extension RelayLoop where Source: ~Copyable {
  /// Leaves a connection over which too much has been described, once it has brought something: the next one begins behind that.
  mutating func renew() throws(Failure) {
    guard canReopen, session.hasProgress, pipeline.knowsTooMuch else { return }
    isRenewing = true
    throw Failure(
      .connection,
      "the server has described very many tables or shapes of them; over a new connection it does so anew, as they come"
    )
  }

  /// The connection is lost, or to be left.
  mutating func disconnect() {
    session.close()
    tables.close()
  }

  /// Whether somebody else has had the slot, and confirmed more than we know of.
  func isPassed(by source: borrowing Source) throws(Failure) -> Bool {
    if ledger.isAhead(source, of: flushed) { return true }
    return try ledger.isOvertaken()
  }

  /// Goes on with a stream that has been opened anew.
  mutating func reconnect(_ source: consuming Source) throws(Failure) {
    try ledger.check(source, confirmed: flushed, held: pipeline.newest)
    desk.refresh()
    pipeline.expected = ledger.expected(source, after: pipeline.newestTransaction)
    pipeline.restart()
    try tables.open(source, control.wakeup, &pipeline)
    try ledger.keep(tables.ledger.known)
    session.replace(source)
    isRenewing = false
  }

  /// While there is no stream: takes the sink's answers and keeps what is durable now.
  mutating func idle(atMost duration: Duration) throws(Failure) {
    control.wait(for: nil, atMost: duration)
    outbound.collect(&pipeline)
    tell()
    publish(.connecting, isDetailed: control.takeStatusRequest())
    if !gate.isClosed { try record(flushed) }
  }

  /// Waits a moment for what is with the sink, when there is no stream to confirm it to any more.
  mutating func settle() throws(Failure) {
    let deadline = ContinuousClock.now + .seconds(5)
    while !pipeline.confirm.isSettled, outbound.failure == nil, case let left = deadline - .now, left > .zero {
      try idle(atMost: left)
    }
    if let failure = outbound.failure, failure.kind != .closed { throw failure }
  }

  /// The sink starts nothing more.
  mutating func close() {
    outbound.close()
    publish(.ended, isDetailed: true)
  }
}
