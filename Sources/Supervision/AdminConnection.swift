// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// Counts what comes before a request is whole, and ends the connection when it is too much.
final class RequestLimit: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private static let longest = 8192
  private var count = 0

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    count += unwrapInboundIn(data).readableBytes
    guard count <= Self.longest else { return context.close(promise: nil) }
    context.fireChannelRead(data)
  }

  /// A request is whole.
  func reset() { count = 0 }
}

/// One connection to the admin address: a request, its answer, and perhaps further ones.
final class AdminConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// How long a request may take to come whole, an answer to be made and taken, and the next request to begin.
  private static let (requestTime, answerTime, idleTime) = (
    TimeAmount.seconds(10), TimeAmount.seconds(30), TimeAmount.seconds(120)
  )

  private let pages: AdminPages
  private let token: AdminToken?
  private let hosts: AdminHosts
  private let limit: RequestLimit
  private let connections: AdminConnections
  private var head: HTTPRequestHead?
  private var timer: Scheduled<Void>?
  private var isClosing = false

  init(
    _ pages: AdminPages, _ token: AdminToken?, _ hosts: AdminHosts, _ limit: RequestLimit,
    _ connections: AdminConnections
  ) {
    (self.pages, self.token, self.hosts, self.limit, self.connections) = (pages, token, hosts, limit, connections)
  }

  func channelActive(context: ChannelHandlerContext) { expect(within: Self.requestTime, context) }

  func channelInactive(context: ChannelHandlerContext) { timer?.cancel() }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      if head.hasBody { send(.tooLarge, to: head, isLast: true, context) }
    case .body: break
    case .end:
      limit.reset()
      guard let head = head.take() else { return }
      connections.touch(context.channel)
      answer(head, context)
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    if let refusal = hosts.refusal(of: head) { return send(refusal, to: head, isLast: true, context) }
    guard head.method == .GET || head.method == .HEAD else { return send(.notAllowed, to: head, isLast: true, context) }
    let isKnown = token?.isProved(by: head.headers.first(name: "authorization")) ?? true
    let path = String(head.uri.prefix { $0 != "?" })
    let page = AdminPages.Page(rawValue: path)
    guard isKnown || page?.isOpen == true else { return send(.unauthorized, to: head, context) }
    guard let page else { return send(.notFound, to: head, context) }
    expect(within: Self.answerTime, context)
    let asText = head.headers.first(name: "accept")?.hasPrefix("text/plain") ?? false
    let (loop, bound) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
    let (name, slot) = (Self.item("relay", of: head.uri), Self.item("slot", of: head.uri))
    pages.answer(page, of: name, slot: slot, asText: asText) { answer in
      loop.execute {
        let (connection, context) = bound.value
        var answer = answer
        if isKnown { answer.slots = connection.pages.slots }
        // Whoever is not known hears no more than yes or no, or what says nothing of its own.
        if !isKnown, answer.policy == nil { answer.body = "" }
        connection.send(answer, to: head, context)
      }
    }
  }

  /// Which relay is asked about: names have no sign that would be written otherwise in an address.
  private static func item(_ name: String, of uri: String) -> String? {
    let query = uri.drop { $0 != "?" }.dropFirst().split(separator: "&")
    return query.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
  }

  private func send(
    _ answer: AdminAnswer, to head: HTTPRequestHead, isLast: Bool = false, _ context: ChannelHandlerContext
  ) {
    guard context.channel.isActive, !isClosing else { return }
    let goesOn = head.isKeepAlive && !isLast
    isClosing = !goesOn
    var headers = HTTPHeaders([
      ("content-type", answer.type), ("content-length", "\(answer.body.utf8.count)"), ("cache-control", "no-store"),
      ("connection", goesOn ? "keep-alive" : "close"), ("server", AdminAnswer.name),
    ])
    if !answer.slots.isEmpty { headers.add(name: AdminAnswer.slotsHeader, value: answer.slots) }
    if let policy = answer.policy {
      headers.add(contentsOf: [
        ("content-security-policy", policy), ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"),
      ])
    }
    if answer.status == 401 { headers.add(name: "www-authenticate", value: "Bearer") }
    if answer.status == 405 { headers.add(name: "allow", value: "GET, HEAD") }
    let response = HTTPResponseHead(
      version: head.version, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
    context.write(wrapOutboundOut(.head(response)), promise: nil)
    if head.method != .HEAD, !answer.body.isEmpty {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
    }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      let (connection, context) = bound.value
      // Who still sends would not see the answer if the connection went at once.
      if goesOn { return connection.expect(within: Self.idleTime, context) }
      context.close(mode: .output, promise: nil)
      connection.expect(within: .seconds(1), context)
    }
  }

  /// Ends the connection unless it has come further by then.
  private func expect(within time: TimeAmount, _ context: ChannelHandlerContext) {
    timer?.cancel()
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}

extension HTTPRequestHead {
  fileprivate var hasBody: Bool {
    headers.contains(name: "transfer-encoding") || (headers.first(name: "content-length").map { $0 != "0" } ?? false)
  }
}
