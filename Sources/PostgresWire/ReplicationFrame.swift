// SPDX-License-Identifier: Apache-2.0

public import Octets

/// One message of the streaming replication protocol, as the server puts it into a CopyData message.
///
/// Source: PostgreSQL manual, "Streaming Replication Protocol", START_REPLICATION.
public enum ReplicationFrame: Hashable, Sendable {
  /// A piece of the stream: `w`, three 8-byte fields, then the plugin's message from `payloadOffset` to the end.
  case xLogData(XLogData)
  /// The server's position and its wish to be answered.
  case keepalive(Keepalive)

  /// The header of a piece of the stream.
  public struct XLogData: Hashable, Sendable {
    /// Where the WAL in this message starts; `0/0` for relation and type messages.
    public let start: LSN
    /// The server's current end of WAL.
    public let serverEnd: LSN
    /// The server's clock when it sent this.
    public let sentAt: PostgresTimestamp
    /// Where the plugin's message begins, counted from the start of the frame.
    @inlinable
    public static var payloadOffset: Int { 25 }

    @usableFromInline
    init(start: LSN, serverEnd: LSN, sentAt: PostgresTimestamp) {
      self.start = start
      self.serverEnd = serverEnd
      self.sentAt = sentAt
    }
  }

  /// A primary keepalive message.
  public struct Keepalive: Hashable, Sendable {
    /// The server's current position: everything before it has been sent or needs no sending.
    public let serverEnd: LSN
    /// The server's clock when it sent this.
    public let sentAt: PostgresTimestamp
    /// The server wants a status update at once.
    public let replyRequested: Bool

    @usableFromInline
    init(serverEnd: LSN, sentAt: PostgresTimestamp, replyRequested: Bool) {
      self.serverEnd = serverEnd
      self.sentAt = sentAt
      self.replyRequested = replyRequested
    }
  }

  /// Reads the header of a frame; the payload of a `w` frame is left to the caller.
  @inlinable
  public static func decode(from frame: RawSpan) throws(LayoutError) -> ReplicationFrame {
    var bytes = frame
    switch try bytes.readByte() {
    case UInt8(ascii: "w"):
      return .xLogData(
        XLogData(start: try bytes.readLSN(), serverEnd: try bytes.readLSN(), sentAt: try bytes.readTimestamp()))
    case UInt8(ascii: "k"):
      let keepalive = Keepalive(
        serverEnd: try bytes.readLSN(), sentAt: try bytes.readTimestamp(), replyRequested: try bytes.readByte() != 0)
      try bytes.expectEnd()
      return .keepalive(keepalive)
    case let tag:
      throw .unexpectedTag(tag, expected: "w or k")
    }
  }

  /// Builds a `w` frame around a plugin's message: what a dump of decoded changes lacks.
  public static func xLogData(start: LSN, sentAt: PostgresTimestamp, payload: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = [UInt8(ascii: "w")]
    frame.reserveCapacity(XLogData.payloadOffset + payload.count)
    frame.appendBigEndian(start.rawValue)
    frame.appendBigEndian(start.rawValue)
    frame.appendBigEndian(sentAt.rawValue)
    frame.append(contentsOf: payload)
    return frame
  }
}
