// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

@testable import AWSDelivery

/// A service on a real socket of this machine that answers as a test says: SQS, STS, or whoever gives credentials.
final class ScriptedService: Sendable {
  struct Request: Sendable {
    let method: String
    let path: String
    let headers: [String: String]
    let body: String

    /// Such as `SendMessageBatch`; empty for another protocol.
    var action: String { String(headers["x-amz-target"]?.split(separator: ".").last ?? "") }
  }

  struct Answer: Sendable {
    var status = 200
    var body: String
    /// Whether the connection ends before the last half of the body.
    var isCut = false
    var headers: [String: String] = [:]
    /// Whether nothing comes at all.
    var isSilent = false
  }

  private let channel: any Channel
  private let seen: Seen

  private final class Seen: Sendable {
    let requests = Mutex<[Request]>([])
  }

  init(_ answer: @escaping @Sendable (Request) -> Answer) async throws {
    let seen = Seen()
    self.seen = seen
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(
            Handler { request in
              seen.requests.withLock { $0.append(request) }
              return answer(request)
            })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var root: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
  var requests: [Request] { seen.requests.withLock(\.self) }

  func close() async { try? await channel.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: (Request) -> Answer
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ answer: @escaping (Request) -> Answer) { self.answer = answer }

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
      let answer = answer(
        Request(
          method: head.method.rawValue, path: head.uri,
          headers: Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 }),
          body: String(buffer: body)))
      guard !answer.isSilent else { return }
      var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status))
      head.headers.add(name: "content-length", value: "\(answer.body.utf8.count)")
      for (name, value) in answer.headers { head.headers.add(name: name, value: value) }
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      let sent = answer.isCut ? String(answer.body.prefix(answer.body.count / 2)) : answer.body
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: sent)))), promise: nil)
      guard !answer.isCut else { return context.close(promise: nil) }
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }
}
