// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import NIOCore
import Octets
import PostgresWire
import Synchronization

/// One connection to a server. Belongs to its event loop; others reach it through its `Handle`.
final class NATSSession: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// What is said at the start, and what for how long is waited.
  struct Opening: Sendable {
    let host: BrokerHost
    /// Whom to trust where TLS is spoken.
    let certificates: WatchedCertificates
    /// Whether nothing may be said before TLS is spoken.
    let needsTLS: Bool
    let login: NATSLogin
    let inboxPrefix: String
    /// The subjects that events go to, for people.
    let pattern: String
    /// What to do where no stream takes one of them.
    let advice: Wording
    let startTimeout: Duration
    let answerTimeout: Duration
    /// Takes where else clients can connect, as a host has told.
    let learn: @Sendable (BrokerHost, [String]) -> Void
  }

  /// What is waited for.
  enum Phase {
    /// What the server says of itself.
    case info
    /// Its answer behind our login.
    case login
    case ready
    /// The server is about to end: what is open is waited for, nothing new begins.
    case draining
    case closed
  }

  let opening: Opening
  let standing: Standing
  private let ready: EventLoopPromise<Void>
  private(set) var context: ChannelHandlerContext?
  var phase = Phase.info
  var reader = ServerReader()
  private var out = ByteBuffer()
  private var began = ContinuousClock.now
  private var lastRead = ContinuousClock.now
  private var hasPinged = false
  /// Whether the other side has asked whether we are there, and has no answer yet. However often it asks, one is enough.
  private var owesPong = false
  var publishing: Publishing
  /// The most bytes of a message, with its headers.
  var maximumPayload = 0

  /// After so long a silence the other side is asked whether it is there, and after thrice that it is gone.
  private static let silence: Duration = .seconds(15)

  init(_ opening: Opening, _ standing: Standing, ready: EventLoopPromise<Void>) {
    (self.opening, self.standing, self.ready) = (opening, standing, ready)
    publishing = Publishing(inbox: Array("\(opening.inboxPrefix).\(Self.randomName()).".utf8))
  }

  /// Nobody else listens there by chance.
  private static func randomName() -> String { String(UInt64.random(in: .min ... .max), radix: 36) + "tailrace" }

  /// What others may know of a session.
  final class Standing: Sendable {
    let isAlive = Mutex(true)
  }

  // MARK: the connection's events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    tick()
  }

  func channelActive(context: ChannelHandlerContext) {
    began = .now
    context.fireChannelActive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    fail(.closed)
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(phase == .login ? .closedAtLogin : NATSTrouble(ChannelError.eof))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(NATSTrouble(error)) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard phase != .closed else { return }
    (lastRead, hasPinged) = (.now, false)
    reader.append(unwrapInboundIn(data).readableBytesView)
    do throws(WordBreach) {
      while phase != .closed, let word = try reader.next() { try take(word) }
    } catch {
      fail(NATSTrouble(error))
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    pump()
    answerPing()
    flush()
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    answerPing()
    flush()
    context.fireChannelWritabilityChanged()
  }

  /// Whoever asks again and again and takes no answers must not have them pile up here.
  private func answerPing() {
    guard owesPong, phase != .info, phase != .closed, context?.channel.isWritable == true else { return }
    owesPong = false
    send("PONG\r\n")
  }

  private func take(_ word: ServerWord) throws(WordBreach) {
    switch word {
    case .info(let text):
      guard let info = ServerInfo(text) else { throw .malformed }
      try take(info)
    case .ping: owesPong = true
    case .pong: if phase == .login { becomeReady() }
    case .ok: return
    case .error(let words): take(error: words)
    case .message(let message): try take(message)
    }
  }

  // MARK: sending

  /// Puts words behind those that are not flushed.
  func send(_ words: String) { out.writeString(words) }

  func send(_ bytes: some Collection<UInt8>) { out.writeBytes(bytes) }

  func flush() {
    guard out.readableBytes > 0, phase != .closed, let context else { return }
    context.writeAndFlush(wrapOutboundOut(out), promise: nil)
    // The one that is on its way keeps its memory.
    out = context.channel.allocator.buffer(capacity: 4096)
  }

  // MARK: time

  /// Looks at the clock, again and again.
  private func tick() {
    guard phase != .closed, let context else { return }
    look(at: .now)
    context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { [weak self] in self?.tick() }
  }

  private func look(at now: ContinuousClock.Instant) {
    switch phase {
    case .info, .login: if now - began > opening.startTimeout { fail(.mute) }
    case .closed: return
    case .ready, .draining:
      giveUpUnanswered(since: now - opening.answerTimeout)
      let silence = now - lastRead
      if silence > Self.silence * 3 {
        return fail(NATSTrouble("it is silent for longer than \(Self.silence.components.seconds * 3) s"))
      }
      if silence > Self.silence, !hasPinged {
        hasPinged = true
        send("PING\r\n")
      }
      flush()
    }
  }

  // MARK: the end

  private func becomeReady() {
    phase = .ready
    ready.succeed()
    pump()
  }

  /// Nothing new begins here.
  func drain() {
    guard phase == .ready || phase == .draining else { return fail(.ends) }
    phase = .draining
    standing.isAlive.withLock { $0 = false }
    if publishing.isEmpty { fail(.ends) }
  }

  /// Nothing is published by this session any more: all that is open is told why.
  func fail(_ trouble: NATSTrouble) {
    guard phase != .closed else { return }
    phase = .closed
    standing.isAlive.withLock { $0 = false }
    context?.close(promise: nil)
    ready.fail(trouble)
    publishing.giveUp(trouble)
  }
}

extension NATSSession {
  /// What others hold of a session.
  struct Handle: LinkedSession {
    let channel: any Channel
    let standing: Standing
    let session: NIOLoopBound<NATSSession>

    var isAlive: Bool { standing.isAlive.withLock(\.self) }

    /// Hands an attempt over, and waits until all of it is decided.
    func publish(_ written: WrittenAttempt) async -> AttemptOutcome {
      await withCheckedContinuation { continuation in
        channel.eventLoop.execute { session.value.publish(written, continuation) }
      }
    }

    /// Asks JetStream something, and waits for the answer.
    func request(_ subject: String, _ payload: String) async throws(NATSTrouble) -> JSONValue {
      let result = await withCheckedContinuation { continuation in
        channel.eventLoop.execute {
          session.value.request(subject, payload) { continuation.resume(returning: $0) }
        }
      }
      return try result.get()
    }

    /// Closes it; gives what is fulfilled when it is closed.
    func close() -> EventLoopFuture<Void> {
      standing.isAlive.withLock { $0 = false }
      channel.eventLoop.execute { session.value.fail(.closed) }
      return channel.closeFuture
    }
  }
}
