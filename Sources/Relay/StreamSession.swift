// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresWire

/// The upkeep of one open stream: status updates in time, questions answered, a server that wants to leave let go.
struct StreamSession<Source: FrameSource & ~Copyable>: ~Copyable {
  /// Nil between two connections.
  private var source: Source?
  /// The server is asked where it is, because only it can tell that the end has come.
  let seeksEnd: Bool
  private var lastStatus = ContinuousClock.now
  private var sentFlush = LSN.zero
  /// The newest position that any connection was told of, or began with.
  private(set) var told: LSN
  /// Where this connection began, and where the server's log ended then.
  private(set) var opened: LSN
  private(set) var end: LSN
  /// How far the stream had come when the server was last asked where it is.
  private var askedAt: LSN?
  /// Everything that had arrived was read at the last look.
  private var isDrained = false
  private var shutdown = ShutdownDetector()
  private var watch = ServerWatch()

  init(_ source: consuming Source, seeksEnd: Bool) {
    opened = source.confirmedLSN ?? .zero
    end = source.flushLSN
    told = opened
    self.source = consume source
    self.seeksEnd = seeksEnd
  }

  /// Whether somebody is there who waits for confirmations, and sends again what is not confirmed.
  var isLive: Bool { heartbeat != nil }

  /// Whether the server was told of something that this connection has brought.
  var hasProgress: Bool { isLive && sentFlush > opened }

  private var heartbeat: Duration? {
    switch source {
    case .some(let source): source.heartbeat
    case .none: nil
    }
  }

  /// How much of the source has been read.
  var fraction: Double? {
    switch source {
    case .some(let source): source.fraction
    case .none: nil
    }
  }

  /// How long a wait may be while the sink is waited for.
  var longestWait: Duration { min(heartbeat ?? .seconds(1), .seconds(1)) }

  /// Closes the connection: a server that shuts down waits for that.
  mutating func close() { source = nil }

  /// Goes on with a stream that has been opened anew.
  mutating func replace(_ opened: consuming Source) {
    self.opened = opened.confirmedLSN ?? .zero
    end = opened.flushLSN
    source = consume opened
    shutdown = ShutdownDetector()
    sentFlush = .zero
    told = max(told, self.opened)
  }

  /// Takes what has arrived.
  mutating func receive(_ pipeline: inout Pipeline) throws(Failure) -> FrameSupply {
    watch.rest()
    if pipeline.isReleasing {
      pipeline.release()
      return .paused
    }
    let supply = try source?.receive { pipeline.consume($0) } ?? .ended
    if case .drained = supply { isDrained = true } else { isDrained = false }
    return supply
  }

  /// Looks after the server while nothing is read: its questions are not heard then.
  mutating func letGo() throws(Failure) {
    try source?.attend()
    guard watch.isDue(), isLive, source?.isServerLeaving ?? false else { return }
    throw .serverLeaving
  }

  /// Whether a status update is due: at a question, at a heartbeat, soon after there is something to tell.
  mutating func isStatusDue(_ pipeline: inout Pipeline) throws(Failure) -> Bool {
    let wanted = pipeline.takeRepliesWanted()
    if wanted > 0, shutdown.isShuttingDown(after: wanted, at: pipeline.received, heartbeat: heartbeat) {
      throw .serverLeaving
    }
    return wanted > 0 || untilStatus(pipeline) <= .zero
  }

  /// Sends a status update, perhaps with a question.
  mutating func send(_ pipeline: borrowing Pipeline, asking: Bool) throws(Failure) {
    // A server believes any confirmation, also of what is to come: none goes beyond what this connection has brought, nor while
    // it is not known that its log is the one that was read before.
    let limit = pipeline.expected == nil ? max(opened, pipeline.received) : opened
    let flushed = isLive ? min(pipeline.confirm.flushed, limit) : pipeline.confirm.flushed
    try source?.send(
      StandbyStatus(write: max(pipeline.received, flushed), flush: flushed, replyRequested: asking))
    if asking { askedAt = pipeline.received }
    lastStatus = .now
    sentFlush = flushed
    if source != nil { told = max(told, flushed) }
  }

  /// Ends the stream, so that the last status is known to have arrived.
  mutating func finish() throws(Failure) { try source?.finish() }

  /// How long until a status update is due: sooner when there is something to tell, or to ask.
  private func untilStatus(_ pipeline: borrowing Pipeline) -> Duration {
    guard let heartbeat else { return .seconds(3600) }
    // The end may lie behind what this slot sees: only the server can tell that it has come there.
    if seeksEnd, isDrained, askedAt != pipeline.received { return lastStatus + .milliseconds(20) - .now }
    let hasNews = pipeline.confirm.flushed > sentFlush || seeksEnd
    return lastStatus + (hasNews ? min(heartbeat, .seconds(1)) : heartbeat) - .now
  }

  /// Waits until there is something to do, or for so long; without a supply, nothing is being read.
  func wait(
    _ pipeline: borrowing Pipeline, after supply: FrameSupply?, _ control: RunControl, atMost longest: Duration?
  ) {
    var limit = isLive ? max(.zero, untilStatus(pipeline)) : longest
    if let longest { limit = limit.map { min($0, longest) } }
    guard let supply else {
      let pause = watch.untilNext
      return control.wait(for: nil, atMost: limit.map { min($0, pause ?? $0) } ?? pause)
    }
    if case .paced(let pause) = supply { return Wakeup.sleep(pause) }
    if case .drained(until: let instant?) = supply {
      let pause = max(.zero, instant - .now)
      limit = limit.map { min($0, pause) } ?? pause
    }
    switch source {
    case .some(let source): control.wait(for: source.descriptor, atMost: limit)
    case .none: control.wait(for: nil, atMost: limit)
    }
  }
}
