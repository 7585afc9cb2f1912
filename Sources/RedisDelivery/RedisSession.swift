// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import DequeModule
import NIOCore
import PostgresWire
import Synchronization

/// One connection to a server. Belongs to its event loop; others reach it through its `Handle`.
///
/// Calls are answered in their order. Whatever ends the connection, or makes no sense, ends the session.
final class RedisSession: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// What is said at the start, and what for how long is waited.
  struct Opening: Sendable {
    let user: String?
    let password: String?
    let database: Int
    let startTimeout: Duration
    let answerTimeout: Duration
  }

  /// Commands that are answered together.
  private struct Call {
    var left: Int
    var replies: [Reply] = []
    let since = ContinuousClock.now
    let answer: (Result<[Reply], RedisTrouble>) -> Void
  }

  private let opening: Opening
  private let standing: Standing
  private let ready: EventLoopPromise<Void>
  private var context: ChannelHandlerContext?
  private var reader = ReplyReader()
  private var calls: Deque<Call> = []
  private var isReady = false
  /// Why nothing can be asked any more.
  private var ended: RedisTrouble?
  private var isClosed: Bool { ended != nil }

  init(_ opening: Opening, _ standing: Standing, ready: EventLoopPromise<Void>) {
    (self.opening, self.standing, self.ready) = (opening, standing, ready)
  }

  /// What others may know of a session.
  final class Standing: Sendable {
    let isAlive = Mutex(true)
    let server = Mutex(ServerSettings())
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
    fail(.closed)
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(RedisTrouble(ChannelError.eof))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(RedisTrouble(error)) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosed else { return }
    reader.append(unwrapInboundIn(data).readableBytesView)
    do throws(ReplyBreach) {
      while !isClosed, let reply = try reader.next() { try take(reply) }
    } catch {
      fail(RedisTrouble(error))
    }
  }

  private func take(_ reply: Reply) throws(ReplyBreach) {
    if case .push = reply { return }
    guard var call = calls.popFirst() else {
      // Whoever is not taken in is told so at once.
      if case .error(let text) = reply { return fail(RedisTrouble(answer: text)) }
      throw .outOfTurn
    }
    call.replies.append(reply)
    call.left -= 1
    if call.left > 0 { calls.prepend(call) } else { call.answer(.success(call.replies)) }
  }

  // MARK: the start

  private func begin() {
    tick()
    var commands: [[String]] = []
    if let password = opening.password {
      commands.append(["AUTH"] + [opening.user, password].compactMap(\.self))
    }
    // A server without its data, or that wants a password, says so.
    let ping = commands.count
    commands.append(["PING"])
    if opening.database > 0 { commands.append(["SELECT", "\(opening.database)"]) }
    let needed = commands.count
    commands += ServerSettings.names.map { ["CONFIG", "GET", $0] }
    call(commands.flatMap { [UInt8].command($0) }, count: commands.count) { [weak self] result in
      guard case .success(let replies) = result else { return }
      self?.greeted(replies.prefix(needed), ping: ping, settings: replies.dropFirst(needed))
    }
  }

  private func greeted(_ replies: ArraySlice<Reply>, ping: Int, settings: ArraySlice<Reply>) {
    for (number, reply) in replies.enumerated() {
      guard case .error(let text) = reply else { continue }
      let trouble = RedisTrouble(answer: text)
      let isUnasked =
        trouble.subject == .permission || RedisTrouble.isUnknownCommand(String(decoding: text, as: UTF8.self))
      // Who cannot even ask whether it is there has logged in. In another database than the one that is meant nothing belongs.
      guard number == ping, isUnasked else { return fail(trouble) }
    }
    standing.server.withLock { $0 = ServerSettings(settings) }
    isReady = true
    ready.succeed()
  }

  // MARK: calls

  /// Sends commands; all of their answers come together.
  func call(_ bytes: [UInt8], count: Int, _ answer: @escaping (Result<[Reply], RedisTrouble>) -> Void) {
    guard ended == nil, let context else { return answer(.failure(ended ?? RedisTrouble(ChannelError.eof))) }
    calls.append(Call(left: count, answer: answer))
    var buffer = context.channel.allocator.buffer(capacity: bytes.count)
    buffer.writeBytes(bytes)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  /// Looks at the clock, again and again.
  private func tick() {
    guard !isClosed, let context else { return }
    if let first = calls.first {
      let limit = isReady ? opening.answerTimeout : opening.startTimeout
      if .now - first.since > limit {
        return fail(isReady ? .silent(limit.components.seconds) : .mute)
      }
    }
    context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { [weak self] in self?.tick() }
  }

  // MARK: the end

  /// Nothing is asked of this session any more: all that is open is told why.
  func fail(_ trouble: RedisTrouble) {
    guard !isClosed else { return }
    ended = trouble
    standing.isAlive.withLock { $0 = false }
    context?.close(promise: nil)
    ready.fail(trouble)
    let open = calls
    calls = []
    for call in open { call.answer(.failure(trouble)) }
  }
}

extension RedisSession {
  /// What others hold of a session.
  struct Handle: LinkedSession {
    let channel: any Channel
    let standing: Standing
    let session: NIOLoopBound<RedisSession>

    var isAlive: Bool { standing.isAlive.withLock(\.self) }
    var server: ServerSettings { standing.server.withLock(\.self) }

    /// Sends commands, and waits for the answers of all.
    func call(_ bytes: [UInt8], count: Int) async throws(RedisTrouble) -> [Reply] {
      let result = await withCheckedContinuation { continuation in
        channel.eventLoop.execute {
          session.value.call(bytes, count: count) { continuation.resume(returning: $0) }
        }
      }
      return try result.get()
    }

    /// Ends it: the next one is another connection, at once.
    func end(_ trouble: RedisTrouble) {
      standing.isAlive.withLock { $0 = false }
      channel.eventLoop.execute { session.value.fail(trouble) }
    }

    func close() -> EventLoopFuture<Void> {
      end(.closed)
      return channel.closeFuture
    }
  }
}
