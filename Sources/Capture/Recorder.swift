// SPDX-License-Identifier: Apache-2.0

public import PostgresWire

/// Copies a stream's frames to a capture file. Confirms nothing, so that the slot stays where it is.
public struct Recorder {
  private let control: RunControl
  private let until: LSN?
  private var received = LSN.zero
  private var answersWanted = 0
  private var hasReachedEnd = false
  private var lastStatus = ContinuousClock.now

  /// Makes a recorder that stops once the server is past a position, if one is given.
  public init(until: LSN?, control: RunControl) {
    self.until = until
    self.control = control
  }

  /// Records until a stop is asked for, the position is reached, or the stream fails. What was recorded is durable then.
  public mutating func run<Source: FrameSource & ~Copyable>(
    _ source: inout Source, to writer: inout CaptureWriter
  ) throws(Failure) {
    var streamFailure: Failure?
    do throws(Failure) { try send(&source) } catch { streamFailure = error }
    while streamFailure == nil, !control.isStopRequested, !hasReachedEnd {
      do throws(Failure) { try step(&source, &writer) } catch { streamFailure = error }
      try writer.flush()
    }
    try writer.finish()
    // Whoever asked for the end may have been what ended it.
    if let streamFailure, !control.isStopRequested || !streamFailure.isRetryable { throw streamFailure }
    try? source.finish()
  }

  /// Takes what has arrived, answers, and waits for more.
  private mutating func step<Source: FrameSource & ~Copyable>(
    _ source: inout Source, _ writer: inout CaptureWriter
  ) throws(Failure) {
    let interval = until == nil ? source.heartbeat ?? .seconds(10) : .seconds(1)
    let supply = try source.receive { frame in
      writer.append(frame, arrivedAt: .now)
      note(frame)
      return hasReachedEnd || writer.pendingBytes > 1 << 20 ? .enough : .more
    }
    if supply == .ended { hasReachedEnd = true }
    if answersWanted > 0 || lastStatus + interval <= .now { try send(&source) }
    if supply != .paused, writer.pendingBytes == 0 {
      control.wait(for: source.descriptor, atMost: max(.zero, lastStatus + interval - .now))
    }
  }

  private mutating func note(_ frame: RawSpan) {
    guard let header = try? ReplicationFrame.decode(from: frame) else { return }
    switch header {
    case .xLogData(let data): received = max(received, data.start)
    case .keepalive(let keepalive):
      received = max(received, keepalive.serverEnd)
      if keepalive.replyRequested { answersWanted += 1 }
      if let until, keepalive.serverEnd >= until { hasReachedEnd = true }
    }
  }

  private mutating func send<Source: FrameSource & ~Copyable>(_ source: inout Source) throws(Failure) {
    try source.send(StandbyStatus(write: received, flush: .zero, replyRequested: until != nil))
    lastStatus = .now
    answersWanted = 0
  }
}
