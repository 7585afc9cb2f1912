// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization

@testable import NATSDelivery

/// A server that does what a test wants, on loopback: what a real one does not do on demand.
final class ScriptedServer: Sendable {
  enum Answer: Sendable {
    /// A message to the subject for the answer.
    case reply(String)
    /// Words as they are.
    case say(String)
    case hangUp
    case nothing
  }

  /// What has been published: its subject, and all behind its line.
  struct Publication: Sendable {
    let subject: String
    let body: String
  }

  fileprivate struct State {
    var publications: [Publication] = []
    var connections = 0
    var words: [String] = []
  }

  /// What has come; what handles a connection holds it, so that the server ends with its test.
  fileprivate final class Log: Sendable {
    let state = Mutex(State())
  }

  static let info = #"INFO {"server_id":"x","headers":true,"max_payload":1048576,"jetstream":true}"# + "\r\n"
  static let stored = #"{"stream":"events","seq":1}"#

  private let log = Log()
  private let server: any Channel
  let port: Int

  /// Starts one.
  ///
  /// - Parameters:
  ///   - greeting: what it says at first.
  ///   - pong: what it says to whoever asks whether it is there.
  ///   - answer: what it says to a message.
  init(
    greeting: String = ScriptedServer.info, pong: String = "PONG\r\n",
    _ answer: @escaping @Sendable (Publication) -> Answer
  ) throws {
    let log = log
    server = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ScriptedHandler(greeting, pong, answer, log))
        }
      }.bind(host: "127.0.0.1", port: 0).wait()
    port = server.localAddress?.port ?? 0
  }

  /// Takes no more connections.
  func stopListening() { try? server.close().wait() }

  deinit { server.close(promise: nil) }

  var address: String { "nats://127.0.0.1:\(port)" }
  var publications: [Publication] { log.state.withLock { $0.publications } }
  var connections: Int { log.state.withLock { $0.connections } }
  /// Lines that are no messages.
  var words: [String] { log.state.withLock { $0.words } }
}

private final class ScriptedHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let (greeting, pong): (String, String)
  private let answer: @Sendable (ScriptedServer.Publication) -> ScriptedServer.Answer
  private let log: ScriptedServer.Log
  private var bytes: [UInt8] = []

  init(
    _ greeting: String, _ pong: String,
    _ answer: @escaping @Sendable (ScriptedServer.Publication) -> ScriptedServer.Answer,
    _ log: ScriptedServer.Log
  ) {
    (self.greeting, self.pong, self.answer, self.log) = (greeting, pong, answer, log)
  }

  func channelActive(context: ChannelHandlerContext) {
    log.state.withLock { $0.connections += 1 }
    say(greeting, context)
  }

  private func say(_ words: String, _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: words)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    bytes += unwrapInboundIn(data).readableBytesView
    while let end = bytes.firstIndex(of: 0x0A) {
      let line = String(decoding: bytes[..<end].dropLast(), as: UTF8.self)
      let words = line.split(separator: " ").map(String.init)
      guard let first = words.first, first == "HPUB" || first == "PUB" else {
        bytes.removeFirst(end + 1)
        log.state.withLock { $0.words.append(line) }
        if line == "PING" { say(pong, context) }
        continue
      }
      let total = Int(words.last ?? "") ?? 0
      guard bytes.count >= end + 1 + total + 2 else { return }
      let body = String(decoding: bytes[end + 1..<end + 1 + total], as: UTF8.self)
      bytes.removeFirst(end + 1 + total + 2)
      let publication = ScriptedServer.Publication(subject: words[1], body: body)
      log.state.withLock { $0.publications.append(publication) }
      switch answer(publication) {
      case .reply(let text): say("MSG \(words[2]) 1 \(text.utf8.count)\r\n\(text)\r\n", context)
      case .say(let text): say(text, context)
      case .hangUp: return context.close(promise: nil)
      case .nothing: continue
      }
    }
  }
}
