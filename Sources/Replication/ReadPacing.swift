import PostgresWire

/// When to let the socket fill before reading on.
///
/// The server sends every message by itself, and while the reader sleeps in poll, each of them wakes it, which costs the
/// server more than the message. Under a backlog it pays to sleep by the clock instead, for as long as about a read's worth
/// takes to arrive, and to look only then. When the stream is live, nothing is gained and latency lost, so there the
/// reader never pauses.
public struct ReadPacing: Sendable {
  /// How it is decided.
  public enum Mode: Hashable, Sendable {
    /// By what the pauses bring.
    case automatic
    /// Never pause.
    case off
    /// Under a backlog, always pause for so long.
    case fixed(Duration)
  }

  /// A read that brings less than libpq's buffer holds has emptied the socket.
  static let fullRead = 16_384
  /// A commit that is sent later than this is part of a backlog. Both times are by the server's clock.
  private static let backlogAge: Int64 = 100_000
  /// About so much should gather in a pause: more than one read, so that the pipe never runs dry, but much less than the
  /// receive window, which small segments fill several times over with their overhead.
  private static let wantedBytes = 20_000.0
  private static let range = 50.0...500.0

  private let mode: Mode
  private var microseconds = 200.0
  /// When the transaction at hand was committed.
  private var committed: PostgresTimestamp?
  /// When the last message was sent.
  private var sent = PostgresTimestamp(rawValue: 0)

  init(_ mode: Mode) {
    self.mode = mode
  }

  /// Looks at a frame's times: when it was sent, and in a Begin, of when its transaction is.
  @inline(__always)
  mutating func note(_ frame: RawSpan) {
    guard mode != .off, frame.byteCount > 25, frame.byte(at: 0) == UInt8(ascii: "w") else { return }
    var rest = frame.extracting(droppingFirst: 17)
    guard let sentAt = try? rest.readTimestamp() else { return }
    sent = sentAt
    if frame.byte(at: 25) == UInt8(ascii: "B"), (try? rest.skip(9)) != nil { committed = try? rest.readTimestamp() }
  }

  /// What to do when the socket is empty after it had gathered so many bytes: pause for so long, or, if nil, wait for
  /// what comes.
  mutating func pause(afterGathering bytes: Int) -> Duration? {
    let isBacklog = committed.map { sent.rawValue &- $0.rawValue > Self.backlogAge } ?? false
    guard isBacklog, bytes > 0 else { return nil }
    switch mode {
    case .off: return nil
    case .fixed(let duration): return duration
    case .automatic:
      let factor = min(1.25, max(0.8, Self.wantedBytes / Double(bytes)))
      microseconds = min(Self.range.upperBound, max(Self.range.lowerBound, microseconds * factor))
      return .microseconds(Int(microseconds))
    }
  }
}
