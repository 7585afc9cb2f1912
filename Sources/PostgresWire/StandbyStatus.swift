// SPDX-License-Identifier: Apache-2.0

import Octets

/// What the client tells the server about its progress: the `r` frame.
///
/// Source: PostgreSQL manual, "Streaming Replication Protocol", Standby status update.
public struct StandbyStatus: Hashable, Sendable {
  /// Everything before this has been received.
  public var write: LSN
  /// Everything before this is durable at the destination. The server may forget it, and believes any value.
  /// `0/0` leaves the slot's position alone.
  public var flush: LSN
  /// Asks the server to answer with a keepalive at once.
  public var replyRequested: Bool

  /// Makes a status update; "applied" is always reported equal to `flush`.
  public init(write: LSN, flush: LSN, replyRequested: Bool = false) {
    self.write = write
    self.flush = flush
    self.replyRequested = replyRequested
  }

  /// The 34 bytes of the frame.
  public func encoded(at clock: PostgresTimestamp) -> [UInt8] {
    var frame: [UInt8] = [UInt8(ascii: "r")]
    frame.reserveCapacity(34)
    frame.appendBigEndian(write.rawValue)
    frame.appendBigEndian(flush.rawValue)
    frame.appendBigEndian(flush.rawValue)
    frame.appendBigEndian(clock.rawValue)
    frame.append(replyRequested ? 1 : 0)
    return frame
  }
}
