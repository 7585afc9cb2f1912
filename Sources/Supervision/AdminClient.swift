// SPDX-License-Identifier: Apache-2.0

import Files
import NIOCore
import NIOHTTP1
import NIOPosix
package import PostgresWire
package import Settings

/// Asks at the admin address of a relay that runs.
package enum AdminClient {
  private static let patience = TimeAmount.seconds(15)

  /// How the relay stands, as text for people or as JSON.
  ///
  /// - Parameter tokenFile: where the token is that has to be given.
  package static func status(at place: AdminAddress, tokenFile: String?, asText: Bool) throws(Failure) -> String {
    var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: AdminPages.Page.status.rawValue)
    head.headers = ["host": place.shown, "accept": asText ? "text/plain" : "application/json", "connection": "close"]
    if let tokenFile {
      let token: String?
      do { token = try SmallFile.read(tokenFile)?.trimmedBlanks } catch {
        throw Failure(.credentials, "cannot read \(tokenFile): \(error.textInSentence)")
      }
      guard let token else { throw Failure(.credentials, "cannot read \(tokenFile): there is no such file") }
      head.headers.add(name: "authorization", value: "Bearer \(token)")
    }
    let answer: AdminAnswer
    do { answer = try ask(head, at: place) } catch {
      let why = (error as? IOError).map { SystemFailure(number: $0.errnoCode).textInSentence }
      throw Failure(.connection, "nobody answers at \(place.shown)\(why.map { ": \($0)" } ?? "")")
    }
    switch answer.status {
    case 200: return answer.body
    case 401:
      throw Failure(
        .authentication, "\(place.shown) wants another token",
        advice: "give it with \(setting: "admin-token-file", "PATH")")
    default:
      throw Failure(.connection, "\(place.shown) answers \(answer.status), so it is no admin address of tailrace")
    }
  }

  private static func ask(_ head: HTTPRequestHead, at place: AdminAddress) throws -> AdminAnswer {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let promise = loop.makePromise(of: AdminAnswer.self)
    let channel = ClientBootstrap(group: loop).connectTimeout(.seconds(5))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(AnswerReader(head, promise))
        }
      }
      .connect(host: place.host, port: place.port)
    channel.whenFailure { promise.fail($0) }
    loop.scheduleTask(in: patience) { promise.fail(ChannelError.connectTimeout(patience)) }
    return try promise.futureResult.wait()
  }
}

/// Sends a request and reads its answer.
private final class AnswerReader: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  /// More is no answer of ours.
  private static let longest = 1 << 20

  private let head: HTTPRequestHead
  private let promise: EventLoopPromise<AdminAnswer>
  private var answer = AdminAnswer(0, "")

  init(_ head: HTTPRequestHead, _ promise: EventLoopPromise<AdminAnswer>) {
    (self.head, self.promise) = (head, promise)
  }

  func channelActive(context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): answer.status = Int(head.status.code)
    case .body(let bytes):
      answer.body += String(buffer: bytes)
      if answer.body.utf8.count > Self.longest { context.close(promise: nil) }
    case .end:
      promise.succeed(answer)
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    promise.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
}
