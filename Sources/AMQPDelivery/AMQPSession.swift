// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import NIOCore
import Octets
import PostgresWire
import Synchronization

/// One connection to a broker, with one channel on it. Belongs to its event loop; others reach it through its `Handle`.
///
/// The channel is opened again when the broker closes it; whatever ends the connection ends the session.
final class AMQPSession: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// What is said at the start, and what for how long is waited.
  struct Opening: Sendable {
    /// Where it goes on until messages can be sent.
    let virtualHost: String
    let mechanism: String
    let response: [UInt8]
    let exchange: String
    let queue: String?
    let route: Route
    /// In seconds.
    let heartbeat: UInt16
    let startTimeout: Duration
    let confirmTimeout: Duration

    /// What the events go to, in words.
    var place: String { queue.map { "queue \($0)" } ?? "exchange \(exchange)" }
  }

  /// What is waited for.
  enum Phase {
    case start, tune, open, channel, confirm, declared
    case ready
    /// We have said that we close.
    case closing
    case closed
  }

  let opening: Opening
  let standing: Standing
  private let ready: EventLoopPromise<Void>
  private(set) var context: ChannelHandlerContext?
  var phase = Phase.start
  private var frames = FrameReader()
  private var out = ByteBuffer()
  private var hasOutput = false
  private let began = ContinuousClock.now
  private var (lastRead, lastWritten) = (ContinuousClock.now, ContinuousClock.now)
  /// In seconds; 0 for none.
  var heartbeat: UInt16 = 0
  var publishing = Publishing()

  /// The longest frame that both take, as we want it.
  static let frameLimit: UInt32 = 131_072

  init(_ opening: Opening, _ standing: Standing, ready: EventLoopPromise<Void>) {
    (self.opening, self.standing, self.ready) = (opening, standing, ready)
  }

  /// What others may know of a session.
  final class Standing: Sendable {
    struct State {
      var isAlive = true
      var isBlocked = false
      var frameLimit = Int(AMQPSession.frameLimit)
    }

    let state = Mutex(State())
  }

  // MARK: the connection's events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { begin() }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin()
    context.fireChannelActive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    fail(AMQPTrouble.closed)
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    // Brokers that do not say why end the connection instead.
    let isLogin = phase == .tune
    fail(
      isLogin
        ? AMQPTrouble("the connection was closed while logging in", hint: "check user and password")
        : AMQPTrouble(ChannelError.eof))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(AMQPTrouble(error)) }

  private func begin() {
    send(ClientMethod.protocolHeader)
    flush()
    tick()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard phase != .closed else { return }
    lastRead = .now
    frames.append(unwrapInboundIn(data))
    do throws(ProtocolBreach) {
      while phase != .closed, let frame = try frames.next() { try take(frame) }
    } catch {
      fail(AMQPTrouble(error))
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    pump()
    flush()
    context.fireChannelReadComplete()
  }

  private func take(_ frame: FrameReader.Frame) throws(ProtocolBreach) {
    let bytes = frames.bytes
    let payload = unsafe bytes.span.bytes.extracting(frame.payload)
    switch frame.kind {
    case .heartbeat: return
    case .method:
      guard publishing.returned == nil else { throw .outOfTurn }
      let method = try ServerMethod(payload)
      if phase == .closing {
        if method == .closeOK { end() }
      } else if frame.channel == 0 {
        try takeConnection(method)
      } else {
        guard frame.channel == MessageWriter.channel else { throw .outOfTurn }
        try takeChannel(method)
      }
    case .header:
      let header: ContentHeader
      do throws(LayoutError) { header = try ContentHeader(payload) } catch { throw .layout(error) }
      try takeReturned(header)
    case .body: try takeReturned(bodySize: frame.payload.count)
    }
  }

  // MARK: sending

  /// Puts bytes behind those that are not flushed.
  func send(_ bytes: [UInt8]) {
    out.writeBytes(bytes)
    hasOutput = true
  }

  func send(_ bytes: ArraySlice<UInt8>) {
    out.writeBytes(bytes)
    hasOutput = true
  }

  func flush() {
    guard hasOutput, let context else { return }
    hasOutput = false
    lastWritten = .now
    context.writeAndFlush(wrapOutboundOut(out), promise: nil)
    // The one that is on its way keeps its memory.
    out = context.channel.allocator.buffer(capacity: 4096)
  }

  // MARK: time

  private static let step: Duration = .milliseconds(500)

  /// Looks at the clock, again and again.
  private func tick() {
    guard phase != .closed, let context else { return }
    look(at: .now)
    context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { [weak self] in self?.tick() }
  }

  private func look(at now: ContinuousClock.Instant) {
    if phase != .ready,
      publishing.opened.map({ now - $0 > opening.startTimeout }) ?? (now - began > opening.startTimeout)
    {
      return fail(AMQPTrouble(phase == .start ? "it does not say anything" : "logging in took too long"))
    }
    if let since = publishing.waitingSince, phase == .ready, now - since > opening.confirmTimeout {
      return fail(.silent(opening.confirmTimeout.components.seconds))
    }
    guard heartbeat > 0 else { return }
    let interval = Duration.seconds(Int64(heartbeat))
    if now - lastRead > interval * 2 { return fail(AMQPTrouble("it is silent for longer than \(heartbeat * 2) s")) }
    if now - lastWritten >= interval / 2 - Self.step {
      send(ClientMethod.heartbeat)
      flush()
    }
  }

  // MARK: the end

  func becomeReady() {
    phase = .ready
    publishing.opened = nil
    ready.succeed()
    pump()
  }

  /// Nothing is published by this session any more: all that is open is told why.
  func fail(_ trouble: AMQPTrouble) {
    guard phase != .closed else { return }
    end()
    ready.fail(trouble)
    publishing.giveUp(trouble)
  }

  /// Nothing can be published as the broker is set up: the session ends, politely.
  func refuse(_ trouble: AMQPTrouble) {
    ready.fail(trouble)
    publishing.giveUp(trouble)
    close()
  }

  /// Says that it closes, waits for the answer, but not long.
  func close() {
    guard phase != .closed, phase != .closing, let context else { return }
    standing.state.withLock { $0.isAlive = false }
    ready.fail(AMQPTrouble.closed)
    publishing.giveUp(.closed)
    guard phase != .start, phase != .tune else { return end() }
    phase = .closing
    send(ClientMethod.close(code: 200))
    flush()
    context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { [weak self] in self?.end() }
  }

  private func end() {
    guard phase != .closed else { return }
    flush()
    phase = .closed
    standing.state.withLock { $0.isAlive = false }
    context?.close(promise: nil)
  }
}

extension AMQPSession {
  /// What others hold of a session.
  struct Handle: LinkedSession {
    let channel: any Channel
    let standing: Standing
    let session: NIOLoopBound<AMQPSession>

    var isAlive: Bool { standing.state.withLock(\.isAlive) }
    var isBlocked: Bool { standing.state.withLock { $0.isAlive && $0.isBlocked } }
    var frameLimit: Int { standing.state.withLock(\.frameLimit) }

    /// Hands an attempt over, and waits until all of it is decided.
    func publish(_ written: WrittenAttempt) async -> [Attempt.Verdict] {
      await withCheckedContinuation { continuation in
        channel.eventLoop.execute { session.value.publish(written, continuation) }
      }
    }

    /// Closes it; gives what is fulfilled when it is closed.
    func close() -> EventLoopFuture<Void> {
      channel.eventLoop.execute { session.value.close() }
      return channel.closeFuture
    }
  }
}
