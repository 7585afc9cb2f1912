// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets

/// Writes an event as the frames of a `basic.publish`. Source: AMQP 0-9-1, sections 4.2.3 and 4.2.6; CloudEvents AMQP Protocol
/// Binding for what becomes of attributes.
struct MessageWriter: Sendable {
  /// Where a message lies among the bytes that were written, and what it can be known by again.
  struct Message: Sendable {
    var frames: Range<Int>
    var routingKey: Range<Int>
    var id: Range<Int>
  }

  /// All messages go over this channel.
  static let channel: UInt16 = 1
  /// The longest short string.
  private static let shortLimit = 255
  /// `basic.publish`, and a header of class `basic`.
  private static let publish: [UInt8] = [0, 60, 0, 40, 0, 0]
  private static let header: [UInt8] = [0, 60, 0, 0]
  private static let mandatory: UInt8 = 1
  private static let persistent: UInt8 = 2

  private let exchange: String
  private let route: Route
  private let mode: BindingMode
  private let prefix: String

  init(_ configuration: AMQPConfiguration) {
    exchange = configuration.exchange
    route = configuration.route
    mode = configuration.mode
    prefix = configuration.headerPrefix
  }

  /// Appends a message's frames, none longer than `frameLimit`. Where it cannot be written nothing is appended.
  func append(
    _ outgoing: OutgoingEvent, to bytes: inout [UInt8], frameLimit: Int
  ) throws(UnwritableEvent) -> Message {
    let start = bytes.count
    do throws(UnwritableEvent) {
      return try write(outgoing, to: &bytes, frameLimit: frameLimit)
    } catch {
      bytes.removeSubrange(start...)
      throw error
    }
  }

  private func write(
    _ outgoing: OutgoingEvent, to bytes: inout [UInt8], frameLimit: Int
  ) throws(UnwritableEvent) -> Message {
    try outgoing.requireIdentity()
    var properties = Properties()
    var headers: [(name: String, value: Range<Int>)] = []
    let named = outgoing.forEachBinaryAttribute { name, value in
      if name == "time" { properties.time = Self.seconds(outgoing, value) }
      if mode == .binary || name == "traceparent" { headers.append((name, value)) }
    }
    properties.contentType = mode == .binary ? outgoing.contentType(named) : Self.structuredType
    if let long = headers.first(where: { prefix.utf8.count + $0.name.utf8.count > Self.shortLimit }) {
      throw UnwritableEvent("an attribute's name has \(long.name.utf8.count) bytes, more than a header's can have")
    }
    return try append(
      to: &bytes, frameLimit: frameLimit, properties,
      routingKey: { (bytes) throws(UnwritableEvent) in
        do throws(Route.Missing) { try route.append(outgoing, to: &bytes) } catch {
          throw UnwritableEvent("it has no \(error.attribute), which the routing key needs")
        }
      },
      headers: { bytes in
        for (name, value) in headers {
          if mode == .binary { bytes.appendHeader(prefix, name, outgoing, value) }
          if name == "traceparent" { bytes.appendHeader("", name, outgoing, value) }
        }
      },
      id: { $0.append(outgoing, unescaped: outgoing.event.id) },
      body: mode == .structured ? outgoing.line : try outgoing.data())
  }

  private static let structuredType = Array("application/cloudevents+json; charset=UTF-8".utf8)

  private static func seconds(_ outgoing: OutgoingEvent, _ value: Range<Int>) -> UInt64? {
    let time = unsafe EventTime.parse(outgoing.batch.bytes.span.bytes, value)
    return time.flatMap { UInt64(exactly: $0.unixMicroseconds / 1_000_000) }
  }

  /// Appends a dead letter's frames, for a queue.
  static func append(
    _ letter: DeadLetter, for queue: String, to bytes: inout [UInt8], frameLimit: Int
  ) throws(UnwritableEvent) -> Message {
    var configuration = AMQPConfiguration(address: "", exchange: "")
    configuration.route = Route(literal: queue)
    var properties = Properties()
    properties.contentType = Array("application/json".utf8)
    // An id that is too long for a property is in the letter all the same.
    let id = letter.id.utf8.count <= shortLimit ? letter.id : ""
    return try MessageWriter(configuration).append(
      to: &bytes, frameLimit: frameLimit, properties,
      routingKey: { (bytes) throws(UnwritableEvent) in bytes.append(contentsOf: queue.utf8) }, headers: { _ in },
      id: { $0.append(contentsOf: id.utf8) }, body: Array(letter.json.utf8)[...])
  }

  /// What is said of a message beside its headers and its id.
  private struct Properties {
    var contentType: [UInt8]?
    /// In seconds since 1970.
    var time: UInt64?
  }

  private func append(
    to bytes: inout [UInt8], frameLimit: Int, _ properties: Properties,
    routingKey: (inout [UInt8]) throws(UnwritableEvent) -> Void, headers: (inout [UInt8]) -> Void,
    id: (inout [UInt8]) -> Void, body: ArraySlice<UInt8>
  ) throws(UnwritableEvent) -> Message {
    let start = bytes.count
    var message = Message(frames: 0..<0, routingKey: 0..<0, id: 0..<0)
    try bytes.appendFrame(.method, Self.channel) { (bytes) throws(UnwritableEvent) in
      bytes += Self.publish
      bytes.appendShortString(exchange.utf8)
      message.routingKey = try bytes.appendShort("routing key", routingKey)
      bytes.append(Self.mandatory)
    }
    guard bytes.isText(message.routingKey) else { throw UnwritableEvent("its routing key is not UTF-8") }
    let headerStart = bytes.count
    try bytes.appendFrame(.header, Self.channel) { (bytes) throws(UnwritableEvent) in
      var present = ContentHeader.Flags.headers | ContentHeader.Flags.deliveryMode | ContentHeader.Flags.messageID
      if properties.contentType != nil { present |= ContentHeader.Flags.contentType }
      if properties.time != nil { present |= ContentHeader.Flags.timestamp }
      bytes += Self.header
      bytes.appendBigEndian(UInt64(body.count))
      bytes.appendBigEndian(present)
      if let type = properties.contentType { _ = try bytes.appendShort("content type") { $0 += type } }
      bytes.appendCounted(headers)
      bytes.append(Self.persistent)
      message.id = try bytes.appendShort("message-id", id)
      if let time = properties.time { bytes.appendBigEndian(time) }
    }
    guard bytes.count - headerStart <= frameLimit else {
      throw UnwritableEvent("its attributes take more than the \(frameLimit) bytes of a frame")
    }
    var rest = body
    while !rest.isEmpty {
      let piece = rest.prefix(frameLimit - FrameReader.overhead)
      bytes.appendFrame(.body, Self.channel) { $0.append(contentsOf: piece) }
      rest = rest.dropFirst(piece.count)
    }
    message.frames = start..<bytes.count
    return message
  }
}

extension [UInt8] {
  /// Appends a header with an attribute's value.
  fileprivate mutating func appendHeader(
    _ prefix: String, _ name: String, _ outgoing: OutgoingEvent, _ value: Range<Int>
  ) {
    append(UInt8(truncatingIfNeeded: prefix.utf8.count + name.utf8.count))
    append(contentsOf: prefix.utf8)
    append(contentsOf: name.utf8)
    append(UInt8(ascii: "S"))
    appendCounted { $0.append(outgoing, unescaped: value) }
  }

  /// Appends what `content` appends as a short string, behind its length; gives where it lies.
  fileprivate mutating func appendShort(
    _ what: String, _ content: (inout [UInt8]) throws(UnwritableEvent) -> Void
  ) throws(UnwritableEvent) -> Range<Int> {
    append(0)
    let start = count
    try content(&self)
    let range = start..<count
    guard range.count <= 255 else {
      throw UnwritableEvent("its \(what) has \(range.count) bytes, and the longest has 255")
    }
    self[start - 1] = UInt8(range.count)
    return range
  }

  /// Whether a range is UTF-8.
  fileprivate func isText(_ range: Range<Int>) -> Bool {
    let piece = self[range]
    return piece.allSatisfy { $0 < 0x80 } || String(validating: piece, as: UTF8.self) != nil
  }
}
