// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization

@testable import RedisDelivery

/// A server that does what a test wants, on loopback: what a real one does not do on demand.
final class ScriptedServer: Sendable {
  enum Answer: Sendable {
    case say(String)
    case hangUp
    case nothing
  }

  fileprivate struct State {
    var commands: [[String]] = []
    var connections = 0
  }

  /// What has come; what handles a connection holds it, so that the server ends with its test.
  fileprivate final class Log: Sendable {
    let state = Mutex(State())
  }

  private let log = Log()
  private let server: any Channel
  let port: Int

  /// Starts one.
  ///
  /// - Parameter answer: what it says to a command.
  init(_ answer: @escaping @Sendable ([String]) -> Answer) throws {
    let log = log
    server = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ScriptedHandler(answer, log))
        }
      }.bind(host: "127.0.0.1", port: 0).wait()
    port = server.localAddress?.port ?? 0
  }

  deinit { server.close(promise: nil) }

  var address: String { "redis://127.0.0.1:\(port)" }
  var commands: [[String]] { log.state.withLock { $0.commands } }
  var connections: Int { log.state.withLock { $0.connections } }

  /// A text as it is answered.
  static func text(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

  /// What a server that keeps what it is given says to all but scripts.
  static func settled(_ command: [String]) -> Answer {
    switch command.first {
    case "PING": return .say("+PONG\r\n")
    case "CONFIG":
      let values = ["appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"]
      guard let name = command.last, let value = values[name] else { return .say("*0\r\n") }
      return .say("*2\r\n\(text(name))\(text(value))")
    default: return .say("+OK\r\n")
    }
  }
}

private final class ScriptedHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let answer: @Sendable ([String]) -> ScriptedServer.Answer
  private let log: ScriptedServer.Log
  private var reader = ReplyReader()

  init(_ answer: @escaping @Sendable ([String]) -> ScriptedServer.Answer, _ log: ScriptedServer.Log) {
    (self.answer, self.log) = (answer, log)
  }

  func channelActive(context: ChannelHandlerContext) { log.state.withLock { $0.connections += 1 } }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    reader.append(unwrapInboundIn(data).readableBytesView)
    // Commands are lists of texts, as replies can be.
    while let reply = try? reader.next() {
      guard case .list(let words) = reply else { return context.close(promise: nil) }
      let command = words.compactMap(\.string)
      log.state.withLock { $0.commands.append(command) }
      switch answer(command) {
      case .say(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
      case .hangUp: return context.close(promise: nil)
      case .nothing: continue
      }
    }
  }
}
