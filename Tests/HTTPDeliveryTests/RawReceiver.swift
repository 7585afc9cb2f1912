// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization

/// A receiver that answers with bytes as a test has them, on a real socket.
final class RawReceiver: Sendable {
  /// What comes back for a request, by its number from 1 on.
  struct Answer: Sendable {
    var pieces: [String]
    /// Between two pieces.
    var pause = TimeAmount.zero
    var closes = false

    init(_ text: String, closes: Bool = false) {
      (pieces, self.closes) = ([text], closes)
    }

    /// What is in one piece first, then a byte after the other.
    init(_ text: String, dripping body: String, every pause: TimeAmount) {
      pieces = [text] + body.map { String($0) }
      self.pause = pause
    }
  }

  private let channel: any Channel
  private let connectionCount: Counter

  final class Counter: Sendable {
    let requests = Atomic(0)
    let connections = Atomic(0)
  }

  init(_ answer: @escaping @Sendable (Int) -> Answer) async throws {
    let counter = Counter()
    connectionCount = counter
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          counter.connections.add(1, ordering: .relaxed)
          try channel.pipeline.syncOperations.addHandler(Handler(counter, answer))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)/events" }
  var requests: Int { connectionCount.requests.load(ordering: .acquiring) }
  var connections: Int { connectionCount.connections.load(ordering: .acquiring) }

  func close() async { try? await channel.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let counter: Counter
    private let answer: @Sendable (Int) -> Answer
    private var received = ""

    init(_ counter: Counter, _ answer: @escaping @Sendable (Int) -> Answer) {
      self.counter = counter
      self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received += String(buffer: unwrapInboundIn(data))
      guard let head = received.firstRange(of: "\r\n\r\n") else { return }
      let length = received[..<head.lowerBound].split(separator: "\r\n").first {
        $0.lowercased().hasPrefix("content-length:")
      }
      let size = length.flatMap { Int($0.split(separator: ":")[1].filter { $0 != " " }) } ?? 0
      guard received[head.upperBound...].utf8.count >= size else { return }
      received = ""
      let number = counter.requests.add(1, ordering: .acquiringAndReleasing).newValue
      send(answer(number)[...], context)
    }

    private func send(_ answer: Rest, _ context: ChannelHandlerContext) {
      var answer = answer
      guard let piece = answer.pieces.popFirst() else {
        if answer.closes { context.close(promise: nil) }
        return
      }
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: piece)), promise: nil)
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      let rest = answer
      context.eventLoop.scheduleTask(in: answer.pause) {
        let (handler, context) = bound.value
        if context.channel.isActive { handler.send(rest, context) }
      }
    }
  }

  /// What is left of an answer.
  struct Rest: Sendable {
    var pieces: ArraySlice<String>
    let pause: TimeAmount
    let closes: Bool
  }
}

extension RawReceiver.Answer {
  fileprivate subscript(_ all: UnboundedRange) -> RawReceiver.Rest {
    RawReceiver.Rest(pieces: pieces[...], pause: pause, closes: closes)
  }
}
