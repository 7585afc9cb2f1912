// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A receiver on a real socket of this machine that records what it gets and answers as a test says.
final class Receiver: Sendable {
  struct Request: Sendable {
    let number: Int
    let path: String
    let headers: [String: String]
    let body: String
    let arrived: ContinuousClock.Instant
  }

  enum Answer: Sendable {
    case status(Int, headers: [(String, String)] = [], after: Duration = .zero)
    /// Takes the request and says nothing.
    case silence
    /// Takes the request and closes the connection.
    case reset
  }

  private let channel: any Channel
  private let shared: Shared

  /// What the handlers share with the receiver.
  final class Shared: Sendable {
    let requests = Mutex<[Request]>([])
    let accepted = Mutex<[Request]>([])
    let busy = Mutex<(now: Int, most: Int)>((0, 0))
    let answer: @Sendable (Request) -> Answer

    init(_ answer: @escaping @Sendable (Request) -> Answer) {
      self.answer = answer
    }
  }

  init(_ answer: @escaping @Sendable (Request) -> Answer = { _ in .status(204) }) async throws {
    let shared = Shared(answer)
    self.shared = shared
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(shared))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)/events" }
  var requests: [Request] { shared.requests.withLock { $0 } }
  /// The requests that are answered with success.
  var accepted: [Request] { shared.accepted.withLock { $0 } }
  var mostAtOnce: Int { shared.busy.withLock { $0.most } }

  func close() async { try? await channel.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let shared: Shared
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ shared: Shared) {
      self.shared = shared
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        self.head = head
        body.clear()
      case .body(var part): body.writeBuffer(&part)
      case .end:
        guard let head else { return }
        respond(context, head)
      }
    }

    private func respond(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
      let text = String(buffer: body)
      let request = shared.requests.withLock { requests in
        let request = Request(
          number: requests.count + 1, path: head.uri,
          headers: Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 }),
          body: text, arrived: .now)
        requests.append(request)
        return request
      }
      shared.busy.withLock { busy in
        busy.now += 1
        busy.most = max(busy.most, busy.now)
      }
      switch shared.answer(request) {
      case .silence: return
      case .reset:
        done()
        context.close(promise: nil)
      case .status(let code, let headers, let delay):
        if (200..<300).contains(code) { shared.accepted.withLock { $0.append(request) } }
        let (seconds, attoseconds) = delay.components
        let amount = TimeAmount.nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: amount) {
          let (handler, context) = bound.value
          handler.done()
          var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: code))
          for (name, value) in headers { head.headers.add(name: name, value: value) }
          head.headers.add(name: "content-length", value: "0")
          context.write(handler.wrapOutboundOut(.head(head)), promise: nil)
          context.writeAndFlush(handler.wrapOutboundOut(.end(nil)), promise: nil)
        }
      }
    }

    private func done() { shared.busy.withLock { $0.now -= 1 } }
  }
}
