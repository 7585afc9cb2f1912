import NIOCore
import NIOHTTP1

/// Puts an answer's head in order before the HTTP client sees it: a receiver that has the event must not get it again for ever
/// because of a carriage return, and there are answers that the client does not survive, such as 101 and an end.
final class AnswerTidying: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// A head that is longer is none.
  private static let longest = 64 * 1024

  /// What came is no head of an answer.
  struct NotHTTP: Error {}

  /// What has come of a head; nil while none is waited for.
  private var head: ByteBuffer?
  private var ending = AnswerHead.Ending()

  /// Puts one into a new connection.
  @Sendable static func install(_ channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.submit {
      let pipeline = channel.pipeline.syncOperations
      let tidying = AnswerTidying()
      let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
      try pipeline.addHandler(tidying, position: .before(decoder))
      try pipeline.addHandler(RequestMark(tidying), position: .after(decoder))
    }
  }

  /// A request goes out: what comes next is a head.
  fileprivate func expectHead() {
    head = ByteBuffer()
    ending = AnswerHead.Ending()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard head != nil else { return context.fireChannelRead(data) }
    var incoming = unwrapInboundIn(data)
    head?.writeBuffer(&incoming)
    while let end = head.flatMap({ ending.find(in: $0.readableBytesView) }), let bytes = head?.readBytes(length: end) {
      guard let tidied = AnswerHead(bytes), tidied.status != 101 else { return refuse(context) }
      if tidied.isInterim {
        ending = AnswerHead.Ending()
        continue
      }
      var answer = ByteBuffer(bytes: tidied.bytes)
      if var rest = head.take() { answer.writeBuffer(&rest) }
      return context.fireChannelRead(wrapInboundOut(answer))
    }
    if head.map({ $0.readableBytes > Self.longest }) ?? false { refuse(context) }
  }

  private func refuse(_ context: ChannelHandlerContext) {
    head = ByteBuffer()
    context.fireErrorCaught(NotHTTP())
    context.close(promise: nil)
  }
}

/// Tells when a request begins.
private final class RequestMark: ChannelOutboundHandler {
  typealias OutboundIn = HTTPClientRequestPart

  private let tidying: AnswerTidying

  init(_ tidying: AnswerTidying) {
    self.tidying = tidying
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .head = unwrapOutboundIn(data) { tidying.expectHead() }
    context.write(data, promise: promise)
  }
}
