// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// Puts an answer's head in order before the HTTP client sees it: a receiver that has the event must not get it again for ever
/// because of a carriage return, and there are answers that the client does not survive, such as 101 and an end.
final class AnswerTidying: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// A head that is longer is none, and so are so many bytes of heads of which none is an answer.
  private static let longest = 64 * 1024

  /// What came is no head of an answer.
  struct NotHTTP: Error {}

  /// What has come of a head; nil while none is waited for.
  private var head: ByteBuffer?
  private var ending = AnswerHead.Ending()
  /// How many bytes of interim answers have come.
  private var interimSize = 0

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
    interimSize = 0
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard head != nil else { return context.fireChannelRead(data) }
    var incoming = unwrapInboundIn(data)
    head?.writeBuffer(&incoming)
    while let end = head.flatMap({ ending.find(in: $0.readableBytesView) }), let bytes = head?.readBytes(length: end) {
      guard let tidied = AnswerHead(bytes), tidied.status != 101 else { return refuse(context) }
      if tidied.isInterim {
        ending = AnswerHead.Ending()
        interimSize += end
        guard interimSize <= Self.longest else { return refuse(context) }
        head?.discardReadBytes()
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

/// The head of an answer, read as leniently as it is unambiguous, and written anew with nothing in it but what counts.
///
/// Source: RFC 9112, sections 2.2, 4, 5.2 and 6.3.
struct AnswerHead {
  /// The field in which a head tells what was wrong with it; a receiver cannot send it, for its fields are not copied.
  static let remarkField = "tailrace-remark"

  /// Fields that are copied as they are: when to come back, where it leads, and what services of AWS call an error.
  private static let copied = ["retry-after", "location", "x-amzn-errortype", "x-amzn-query-error"]

  let status: Int
  private let isOld: Bool
  private var lengths: [String] = []
  private var encodings: [String] = []
  private var connections: [String] = []
  private var copies: [String: String] = [:]
  private var hasBareLineFeeds = false

  /// Looks for where a head ends as its bytes come in: behind the first empty line.
  struct Ending {
    private var lineIsEmpty = true
    private var hasBegun = false
    private var offset = 0

    /// How many bytes the head has; nil while its end has not come. Looks only at what is new.
    mutating func find(in bytes: some RandomAccessCollection<UInt8>) -> Int? {
      for byte in bytes.dropFirst(offset) {
        offset += 1
        switch byte {
        case UInt8(ascii: "\n"):
          // Empty lines before the head belong to nothing.
          if lineIsEmpty, hasBegun { return offset }
          lineIsEmpty = true
        case UInt8(ascii: "\r"): continue
        default: (lineIsEmpty, hasBegun) = (false, true)
        }
      }
      return nil
    }
  }

  /// Reads a whole head; nil when it is none.
  init?(_ bytes: [UInt8]) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    for line in lines where line.last != UInt8(ascii: "\r") { hasBareLineFeeds = true }
    let isBlank: (ArraySlice<UInt8>) -> Bool = { $0.allSatisfy { $0 == UInt8(ascii: "\r") } }
    lines = lines.drop(while: isBlank)
    guard let first = lines.popFirst() else { return nil }
    let words = first.filter { $0 != UInt8(ascii: "\r") }.split(separator: UInt8(ascii: " "), maxSplits: 2)
    guard words.count >= 2, words[0].starts(with: "HTTP/1.".utf8), words[0].count == 8,
      words[1].count == 3, let status = Int(String(decoding: words[1], as: UTF8.self)), (100...999).contains(status)
    else { return nil }
    self.status = status
    isOld = words[0].last == UInt8(ascii: "0")
    for line in lines { read(line) }
  }

  private mutating func read(_ line: ArraySlice<UInt8>) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
    let value = { String(decoding: line[(colon + 1)...], as: UTF8.self).filter { $0 != "\r" } }
    let name = String(decoding: line[..<colon], as: UTF8.self).lowercased().filter { $0 != " " && $0 != "\t" }
    switch name {
    case "content-length": lengths += Self.items(value())
    case "transfer-encoding": encodings += Self.items(value())
    case "connection": connections += Self.items(value())
    default: if Self.copied.contains(name), copies[name] == nil { copies[name] = value() }
    }
  }

  private static func items(_ list: String) -> [String] {
    list.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
  }

  /// Whether an answer follows behind this one, to the same request.
  var isInterim: Bool { status < 200 }

  /// What was wrong with it, in words.
  var remark: String? {
    if Set(lengths).count > 1 { return "its answers have two different Content-Length; the connection is closed" }
    if lengths.count > 1 { return "its answers have Content-Length twice" }
    return hasBareLineFeeds ? "its answers have bare line feeds" : nil
  }

  /// The head as it should have been.
  var bytes: [UInt8] {
    var text = "HTTP/1.\(isOld ? 0 : 1) \(status) \r\n"
    var closes = connections.contains("close") || (isOld && !connections.contains("keep-alive"))
    let hasBody = status >= 200 && status != 204 && status != 304
    let length = Set(lengths).count == 1 ? lengths.first.flatMap(Self.number) : nil
    if !hasBody {
      // There is no body whatever is said of one; if something comes all the same, it is no answer.
      closes = closes || !encodings.isEmpty || length.map { $0 > 0 && status == 204 } ?? !lengths.isEmpty
    } else if let last = encodings.last {
      if last == "chunked" { text += "transfer-encoding: chunked\r\n" } else { closes = true }
    } else if let length {
      text += "content-length: \(length)\r\n"
    } else {
      closes = true
    }
    if closes { text += "connection: close\r\n" } else if isOld { text += "connection: keep-alive\r\n" }
    for name in Self.copied {
      guard let value = copies[name], value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { continue }
      text += "\(name):\(value)\r\n"
    }
    if let remark { text += "\(Self.remarkField): \(remark)\r\n" }
    return Array((text + "\r\n").utf8)
  }

  private static func number(_ digits: String) -> Int? {
    digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(digits) : nil
  }
}
