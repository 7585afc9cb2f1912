// SPDX-License-Identifier: Apache-2.0

import Delivery
import Dispatch
import NIOCore
import NIOPosix
import Octets
import Synchronization

@testable import AMQPDelivery

/// A broker that does what a test wants, on loopback: what a real one does not do on demand.
final class ScriptedPeer: Sendable {
  /// A message that has come.
  struct Said: Sendable {
    let id: String
    let tag: UInt64
    /// Which connection it came over, counted from one.
    let connection: Int
    let body: [UInt8]
    /// The longest frame of it.
    let longestFrame: Int
  }

  enum Reply: Sendable {
    case send([UInt8])
    case closeChannel(UInt16)
    case hangUp
  }

  struct Behaviour: Sendable {
    /// Said instead of `connection.start`.
    var greeting: [UInt8]?
    var confirms = true
    var mechanisms = "PLAIN EXTERNAL"
    var frameLimit: UInt32 = 131_072
    var heartbeat: UInt16 = 60
    /// Said instead of `connection.tune`.
    var onLogin: (@Sendable () -> Reply)?
    var onOpen: @Sendable () -> Reply = { .send(Words.openOK) }
    var onDeclare: @Sendable () -> Reply = { .send(Words.declareOK) }
    var onPublish: @Sendable (Said) -> Reply = { .send(Words.ack($0.tag)) }
  }

  fileprivate struct State {
    var said: [Said] = []
    var connections = 0
    var heartbeats = 0
    var logins: [String] = []
    var channels: [any Channel] = []
  }

  /// What has come; what handles a connection holds it, so that the peer ends with its test.
  fileprivate final class Log: Sendable {
    let state = Mutex(State())
  }

  private let log = Log()
  private let server: any Channel
  let port: Int

  init(_ behaviour: Behaviour = Behaviour()) throws {
    let log = log
    server = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(PeerHandler(behaviour, log))
        }
      }.bind(host: "127.0.0.1", port: 0).wait()
    port = server.localAddress?.port ?? 0
  }

  deinit { server.close(promise: nil) }

  var address: String { "amqp://relay:hush-canary@127.0.0.1:\(port)" }
  var said: [Said] { log.state.withLock { $0.said } }
  var ids: [Int] { said.compactMap { Int($0.id) } }
  var connections: Int { log.state.withLock { $0.connections } }
  var heartbeats: Int { log.state.withLock { $0.heartbeats } }
  var logins: [String] { log.state.withLock { $0.logins } }

  /// Says something over all connections.
  func send(_ bytes: [UInt8]) {
    for channel in log.state.withLock({ $0.channels }) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
  }
}

/// Does something three times a second, whatever else keeps the threads that tasks share.
final class Heart {
  private let timer: any DispatchSourceTimer

  init(_ beat: @escaping @Sendable () -> Void) {
    timer = DispatchSource.makeTimerSource()
    timer.setEventHandler(handler: beat)
    timer.schedule(deadline: .now(), repeating: .milliseconds(333))
    timer.resume()
  }

  func stop() { timer.cancel() }
}

/// What brokers say.
enum Words {
  static func method(
    _ channel: UInt16, _ group: UInt16, _ method: UInt16, _ rest: (inout [UInt8]) -> Void = { _ in }
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendFrame(.method, channel) { bytes in
      bytes.appendBigEndian(group)
      bytes.appendBigEndian(method)
      rest(&bytes)
    }
    return bytes
  }

  static func start(confirms: Bool, mechanisms: String) -> [UInt8] {
    method(0, 10, 10) { bytes in
      bytes += [0, 9]
      bytes.appendCounted { bytes in
        bytes.appendField("product", "RabbitMQ")
        bytes.appendShortString("capabilities".utf8)
        bytes.append(UInt8(ascii: "F"))
        bytes.appendCounted { bytes in
          bytes.appendShortString("publisher_confirms".utf8)
          bytes += [UInt8(ascii: "t"), confirms ? 1 : 0]
        }
      }
      bytes.appendCounted { $0 += Array(mechanisms.utf8) }
      bytes.appendCounted { $0 += Array("en_US".utf8) }
    }
  }

  static func tune(frame: UInt32, heartbeat: UInt16) -> [UInt8] {
    method(0, 10, 30) { bytes in
      bytes.appendBigEndian(UInt16(2047))
      bytes.appendBigEndian(frame)
      bytes.appendBigEndian(heartbeat)
    }
  }

  static func close(_ code: UInt16, channel: UInt16 = 0) -> [UInt8] {
    method(channel, channel == 0 ? 10 : 20, channel == 0 ? 50 : 40) { bytes in
      bytes.appendBigEndian(code)
      bytes.appendShortString("SOMETHING - the broker's own words".utf8)
      bytes += [0, 60, 0, 40]
    }
  }

  static func ack(_ tag: UInt64, multiple: Bool = false) -> [UInt8] {
    method(1, 60, 80) { bytes in
      bytes.appendBigEndian(tag)
      bytes.append(multiple ? 1 : 0)
    }
  }

  static func nack(_ tag: UInt64) -> [UInt8] {
    method(1, 60, 120) { bytes in
      bytes.appendBigEndian(tag)
      bytes.append(0)
    }
  }

  /// A message that comes back, with a body in two frames.
  static func returned(id: String, routingKey: String, body: [UInt8]) -> [UInt8] {
    var bytes = method(1, 60, 50) { bytes in
      bytes.appendBigEndian(UInt16(312))
      for text in ["NO_ROUTE", "events", routingKey] { bytes.appendShortString(text.utf8) }
    }
    bytes.appendFrame(.header, 1) { bytes in
      bytes += [0, 60, 0, 0]
      bytes.appendBigEndian(UInt64(body.count))
      bytes.appendBigEndian(ContentHeader.Flags.headers | ContentHeader.Flags.messageID)
      bytes.appendCounted { $0.appendField("ce-id", id) }
      bytes.appendShortString(id.utf8)
    }
    for piece in [body.prefix(1), body.dropFirst()] where !piece.isEmpty { bytes.appendFrame(.body, 1) { $0 += piece } }
    return bytes
  }

  static let openOK = method(0, 10, 41) { $0.append(0) }
  static let channelOpenOK = method(1, 20, 11) { $0 += [0, 0, 0, 0] }
  static let confirmOK = method(1, 85, 11)
  static let declareOK = method(1, 40, 11)
  static let blocked = method(0, 10, 60) { $0.appendShortString("low on memory".utf8) }
  static let unblocked = method(0, 10, 61)
}

private final class PeerHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let behaviour: ScriptedPeer.Behaviour
  private let log: ScriptedPeer.Log
  private var header = 8
  private var frames = FrameReader()
  private var connection = 0
  private var tag: UInt64 = 0
  private var isIgnoring = false
  private var (id, body, size, longest) = ("", [UInt8](), UInt64(0), 0)

  init(_ behaviour: ScriptedPeer.Behaviour, _ log: ScriptedPeer.Log) {
    (self.behaviour, self.log) = (behaviour, log)
  }

  func channelActive(context: ChannelHandlerContext) {
    log.state.withLock { state in
      state.connections += 1
      connection = state.connections
      state.channels.append(context.channel)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    if header > 0 {
      let count = min(header, buffer.readableBytes)
      buffer.moveReaderIndex(forwardBy: count)
      header -= count
      guard header == 0 else { return }
      let start = Words.start(confirms: behaviour.confirms, mechanisms: behaviour.mechanisms)
      answer(.send(behaviour.greeting ?? start), context)
    }
    frames.append(buffer)
    do {
      while let frame = try frames.next() { try take(frame, context) }
    } catch {
      context.close(promise: nil)
    }
  }

  private func answer(_ reply: ScriptedPeer.Reply, _ context: ChannelHandlerContext) {
    switch reply {
    case .send(let bytes): context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    case .closeChannel(let code):
      isIgnoring = true
      answer(.send(Words.close(code, channel: 1)), context)
    case .hangUp: context.close(promise: nil)
    }
  }

  private func take(_ frame: FrameReader.Frame, _ context: ChannelHandlerContext) throws {
    let payload = Array(frames.bytes[frame.payload])
    longest = max(longest, payload.count + 8)
    switch frame.kind {
    case .heartbeat: log.state.withLock { $0.heartbeats += 1 }
    case .header:
      let header = try ContentHeader(payload.span.bytes)
      (id, size, body) = (header.messageID ?? "", header.bodySize, [])
      finish(context)
    case .body:
      body += payload
      finish(context)
    case .method: try takeMethod(payload, context)
    }
  }

  private func finish(_ context: ChannelHandlerContext) {
    guard body.count >= size, !isIgnoring else { return }
    tag += 1
    let said = ScriptedPeer.Said(id: id, tag: tag, connection: connection, body: body, longestFrame: longest)
    longest = 0
    log.state.withLock { $0.said.append(said) }
    answer(behaviour.onPublish(said), context)
  }

  private func takeMethod(_ payload: [UInt8], _ context: ChannelHandlerContext) throws {
    var rest = payload.span.bytes
    switch (try rest.readInteger(UInt16.self), try rest.readInteger(UInt16.self)) {
    case (10, 11):
      _ = try FieldTable(from: &rest)
      let (mechanism, response) = (try rest.readShortString(), try rest.readLongString())
      log.state.withLock { $0.logins.append("\(mechanism) \(response.replacing("\0", with: " "))") }
      let tune = Words.tune(frame: behaviour.frameLimit, heartbeat: behaviour.heartbeat)
      answer(behaviour.onLogin?() ?? .send(tune), context)
    case (10, 40): answer(behaviour.onOpen(), context)
    case (10, 50): answer(.send(ClientMethod.closeOK), context)
    case (20, 10):
      tag = 0
      answer(.send(Words.channelOpenOK), context)
    case (20, 41): isIgnoring = false
    case (85, 10): answer(.send(Words.confirmOK), context)
    case (40, 10): answer(behaviour.onDeclare(), context)
    default: break
    }
  }
}
