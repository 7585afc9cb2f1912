// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresClient
import PostgresWire

/// When to let the socket fill before reading on.
///
/// The server sends every message by itself, which costs it more than to decode one, and while the reader sleeps in poll,
/// each of them wakes it too. Under a backlog it pays to sleep by the clock instead. What the server has not sent when
/// the receive window is full, it sends in large pieces once there is room again: so near the server the window is kept
/// small, and the pauses so long that it is full at their end. When the stream is live, nothing is gained and latency
/// lost, so there the reader never pauses.
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

  /// A commit that is sent later than this is part of a backlog. Both times are by the server's clock.
  private static let backlogAge: Int64 = 100_000
  private static let longAgo = PostgresTimestamp(rawValue: 0)

  private let mode: Mode
  private var pause: AdaptivePause?
  /// When the transaction at hand was committed.
  private var committed: PostgresTimestamp?
  /// When the last message was sent.
  private var sent = longAgo

  init(_ mode: Mode) {
    self.mode = mode
  }

  /// Whether the receive window has been made small.
  var isWindowSmall: Bool { pause?.isWindowSmall ?? false }

  /// Looks at a frame's times: when it was sent, and in a Begin, of when its transaction is.
  @inline(__always)
  mutating func note(_ frame: RawSpan) {
    guard mode != .off, frame.byteCount > 25, frame.byte(at: 0) == UInt8(ascii: "w") else { return }
    var rest = frame.extracting(droppingFirst: 17)
    guard let sentAt = try? rest.readTimestamp() else { return }
    sent = sentAt
    switch frame.byte(at: 25) {
    case UInt8(ascii: "B"): if (try? rest.skip(9)) != nil { committed = try? rest.readTimestamp() }
    // A large transaction in progress: its rows are not live before its commit.
    case UInt8(ascii: "S"): committed = Self.longAgo
    default: break
    }
  }

  /// What to do when what the socket had gathered is read: pause for so long, or, if nil, wait for what comes.
  mutating func pause(afterGathering bytes: Int, on socket: ServerSocket) -> Duration? {
    let isBacklog = committed.map { sent.rawValue &- $0.rawValue > Self.backlogAge } ?? false
    guard isBacklog, bytes > 0 else { return nil }
    switch mode {
    case .off: return nil
    case .fixed(let duration): return duration
    case .automatic:
      var pause = self.pause ?? start(on: socket)
      pause.adapt(afterGathering: bytes)
      self.pause = pause
      return pause.duration
    }
  }

  private func start(on socket: ServerSocket) -> AdaptivePause {
    let isNear = socket.isWithinMachine
    if isNear { socket.limitWindow(to: AdaptivePause.window) }
    return AdaptivePause(isWindowSmall: isNear)
  }
}
