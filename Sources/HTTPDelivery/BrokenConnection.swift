// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL

/// Ends an HTTP/2 connection on which the receiver broke the rules, for instance with a flood of pings. The client leaves it
/// open, reads on, and keeps all that comes, which nobody takes any more.
final class BrokenConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private var isBroken = false

  /// Puts one into a new connection; one that is closed already needs none. At once where that is possible: a connection that
  /// the receiver ends before it is ready is lost to the client.
  static func install(_ channel: any Channel) -> EventLoopFuture<Void> {
    guard channel.eventLoop.inEventLoop else { return channel.eventLoop.submit { place(in: channel) } }
    place(in: channel)
    return channel.eventLoop.makeSucceededVoidFuture()
  }

  private static func place(in channel: any Channel) {
    let pipeline = channel.pipeline.syncOperations
    guard let encryption = try? pipeline.handler(type: NIOSSLClientHandler.self) else { return }
    let broken = BrokenConnection()
    try? pipeline.addHandler(broken, position: .after(encryption))
    try? pipeline.addHandler(ErrorWatch(broken), position: .last)
  }

  /// The end of a connection is said over TLS, and the answer waited for; what comes meanwhile is dropped.
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !isBroken { context.fireChannelRead(data) }
  }

  /// Hears what the client makes of what came.
  private final class ErrorWatch: ChannelInboundHandler {
    typealias InboundIn = NIOAny
    private let connection: BrokenConnection

    init(_ connection: BrokenConnection) { self.connection = connection }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      connection.isBroken = true
      context.fireErrorCaught(error)
      context.close(promise: nil)
    }
  }
}
