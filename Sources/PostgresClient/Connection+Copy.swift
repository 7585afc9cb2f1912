// SPDX-License-Identifier: Apache-2.0

import CLibpq
package import PostgresWire

/// Streaming in both directions.
extension Connection {
  /// Starts streaming in both directions.
  package func startCopy(_ command: String) throws(Failure) {
    let result = try unsafe execute(command, [], within: timeLimit)
    defer { unsafe PQclear(result) }
    guard unsafe PQresultStatus(result) == PGRES_COPY_BOTH else { throw unsafe failure(result) }
    _ = unsafe PQsetnonblocking(connection, 1)
  }

  /// How `receive` ended.
  package enum Supply: Equatable {
    case paused, ended
    /// Most of what the socket held has been read, if it held anything.
    case drained(isSilent: Bool)
  }

  /// Hands over every frame that has arrived, reading until a read comes back short, or up to a notice that tells of
  /// something missing: the frame behind it is thrown away. Where the receive window is small,
  /// an empty one has let the server send on meanwhile, so there the socket is looked at too.
  package mutating func receive(
    isWindowSmall: Bool = false, _ visit: (RawSpan) -> FrameVerdict
  ) throws(Failure) -> Supply {
    // A part of a large message is no frame yet, but no silence either.
    let isLooking = isEncrypted || isWindowSmall || isSilent
    isSilent = true
    var read: SocketRead?
    while true {
      var frame: UnsafeMutablePointer<CChar>?
      let count = unsafe PQgetCopyData(connection, &frame, 1)
      switch count {
      case 1...:
        defer { unsafe PQfreemem(frame) }
        read?.fresh += Int(count)
        isSilent = false
        // Behind the word that rows are being left out, no position is to be believed.
        if notices.tellsOfSomethingMissing { return .paused }
        if unsafe visit(UnsafeRawBufferPointer(start: frame, count: Int(count)).bytes) == .enough { return .paused }
      case 0:
        let waiting = isLooking ? socket.waitingBytes : nil
        if let waiting, waiting > 0 { isSilent = false }
        if let read, read.isEnough(left: waiting, isEncrypted: isEncrypted) { return .drained(isSilent: isSilent) }
        read = SocketRead(waiting: waiting)
        guard unsafe PQconsumeInput(connection) == 1 else { throw lost() }
      case -1:
        let result = unsafe PQgetResult(connection)
        defer { unsafe PQclear(result) }
        let status = unsafe PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_COPY_IN else { throw unsafe failure(result) }
        return .ended
      default: throw lost()
      }
    }
  }

  /// Sends a frame, as far as the socket takes it.
  package mutating func send(_ frame: [UInt8]) throws(Failure) {
    let accepted = unsafe frame.withUnsafeBytes {
      unsafe PQputCopyData(connection, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
    }
    guard accepted >= 0 else { throw lost() }
    try flush()
  }

  /// Sends what is waiting, as far as the socket takes it.
  package mutating func flush() throws(Failure) {
    switch unsafe PQflush(connection) {
    case 0: wantsWrite = false
    case 1: wantsWrite = true
    default: throw lost()
    }
  }

  /// Ends the copy and waits for the server to agree, for at most five seconds.
  package mutating func finishCopy() throws(Failure) {
    guard unsafe PQputCopyEnd(connection, nil) >= 0 else { throw lost() }
    let deadline = ContinuousClock.now + .seconds(5)
    while ContinuousClock.now < deadline {
      try flush()
      _ = takeNotices()
      if try receive({ _ in .more }) == .ended { return }
      socket.wait(forWriting: wantsWrite, milliseconds: 100)
    }
  }
}
