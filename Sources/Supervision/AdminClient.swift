// SPDX-License-Identifier: Apache-2.0

import Connections
import Files
import IntegrationEvents
import NIOCore
import NIOHTTP1
import NIOPosix
import Octets
package import PostgresWire
package import Settings

/// Asks at the admin address of a relay that runs.
package enum AdminClient {
  private static let patience = TimeAmount.seconds(15)

  /// How the relay stands, as text for people or as JSON.
  ///
  /// - Parameters:
  ///   - slot: whose relay it has to be; nil for any.
  ///   - tokenFile: where the token is that has to be given.
  package static func status(
    at place: AdminAddress, of slot: String?, tokenFile: String?, asText: Bool
  ) throws(Failure) -> String {
    // No slot has a name with other signs.
    let isName = { (sign: UInt8) in (0x61...0x7A).contains(sign) || (0x30...0x39).contains(sign) || sign == 0x5F }
    let query = slot.map { "?slot=\($0.utf8.allSatisfy(isName) ? $0 : "")" } ?? ""
    var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: AdminPages.Page.status.rawValue + query)
    head.headers = ["host": place.shown, "accept": asText ? "text/plain" : "application/json", "connection": "close"]
    if let tokenFile {
      let token: String?
      do { token = try SmallFile.read(tokenFile)?.trimmedBlanks } catch {
        throw Failure(.credentials, "cannot read \(tokenFile): \(error.textInSentence)")
      }
      guard let token else { throw Failure(.credentials, "cannot read \(tokenFile): there is no such file") }
      head.headers.add(name: "authorization", value: "Bearer \(token)")
    }
    try EventLoops.prepare()
    let answer: AdminAnswer
    do { answer = try ask(head, at: place) } catch is HTTPParserError {
      throw Failure(
        .settings, "\(place.shown) is no admin address of tailrace: what answers there is no HTTP",
        advice: "name the address that the relay says when it starts, with \(setting: "admin")")
    } catch {
      let why = (error as? IOError).map { SystemFailure(number: $0.errnoCode).textInSentence }
      throw Failure(.connection, "nobody answers at \(place.shown)\(why.map { ": \($0)" } ?? "")")
    }
    // Anybody may listen there.
    guard answer.server == AdminAnswer.name else {
      let who = answer.server.isEmpty ? "" : ", from \(ForeignText(answer.server).prefix(100))"
      throw Failure(
        .settings,
        "\(place.shown) is no admin address of tailrace: another program answers there (\(answer.status)\(who))",
        advice: "name the address that the relay says when it starts, with \(setting: "admin")")
    }
    switch answer.status {
    case 200: break
    case 401:
      throw Failure(
        .authentication, "\(place.shown) wants another token",
        advice: "give it with \(setting: "admin-token-file", "PATH")")
    case 404:
      throw Failure(
        .settings,
        "\(place.shown) is the admin address of slot \(ForeignText(answer.slots).prefix(100)), not of \(slot ?? "any")",
        advice: "name the address of the relay of that slot with \(setting: "admin"), or leave it")
    case 421:
      throw Failure(
        .settings, "\(place.shown) is not asked by that name",
        advice: "name the address that the relay says when it starts, with \(setting: "admin")")
    default: throw Failure(.connection, "\(place.shown) answers \(answer.status)")
    }
    // Whoever listens there may call itself tailrace: nothing of what it says may steer a terminal.
    guard !asText else {
      return answer.body.split(separator: "\n", omittingEmptySubsequences: false).map { "\(ForeignText(String($0)))" }
        .joined(separator: "\n")
    }
    let body = Array(answer.body.trimmedBlanks.utf8)
    guard unsafe (try? JSONScanner.validate(body.span.bytes, 0..<body.count)) == .object else {
      throw Failure(.settings, "\(place.shown) is no admin address of tailrace: what it answers is no JSON object")
    }
    return "\(ForeignText(String(decoding: body, as: UTF8.self)))\n"
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
    case .head(let head):
      answer.status = Int(head.status.code)
      answer.server = head.headers.first(name: "server") ?? ""
      answer.slots = head.headers.first(name: AdminAnswer.slotsHeader) ?? ""
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
