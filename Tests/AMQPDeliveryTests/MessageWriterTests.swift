// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import NIOCore
import Octets
import TestDelivery
import Testing

@testable import AMQPDelivery

/// An event as the frames of a message.
@Suite struct MessageWriterTests {
  private struct Read {
    var routingKey = ""
    var header: ContentHeader?
    var headers = FieldTable()
    var contentType = ""
    var body: [UInt8] = []
    var frames = 0
  }

  private func write(
    _ sample: Events.Sample, frameLimit: Int = 131_072, _ change: (inout AMQPConfiguration) -> Void = { _ in }
  ) throws -> Read {
    var configuration = AMQPConfiguration(address: "amqp://localhost", exchange: "events")
    change(&configuration)
    let batch = try Events.batch([sample])
    var bytes: [UInt8] = [1, 2, 3]
    let message = try MessageWriter(configuration).append(
      OutgoingEvent(batch, batch.events[0]), to: &bytes, frameLimit: frameLimit)
    #expect(message.frames == 3..<bytes.count && Array(bytes[message.id]) == Array(sample.id.utf8))
    var (reader, read) = (FrameReader(), Read())
    reader.limit = frameLimit
    reader.append(ByteBuffer(bytes: bytes[message.frames]))
    while let frame = try reader.next() {
      read.frames += 1
      let payload = Array(reader.bytes[frame.payload])
      var rest = payload.span.bytes
      switch frame.kind {
      case .method:
        try rest.skip(6)
        let exchange = try rest.readShortString()
        #expect(exchange == configuration.exchange)
        read.routingKey = try rest.readShortString()
        // Mandatory, and not immediate.
        let flags = try rest.readByte()
        #expect(flags == 1 && rest.isEmpty)
      case .header:
        read.header = try ContentHeader(rest)
        try rest.skip(12)
        if try rest.readInteger(UInt16.self) & ContentHeader.Flags.contentType != 0 {
          read.contentType = try rest.readShortString()
        }
        read.headers = try FieldTable(from: &rest)
        let deliveryMode = try rest.readByte()
        #expect(deliveryMode == 2)
      case .body: read.body += payload
      case .heartbeat: break
      }
    }
    return read
  }

  @Test func `attributes are headers, the data's bytes the body, and the id the message's`() throws {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    let read = try write(.init(id: "1", key: "grö\"ße", data: #"{ "n" : 1.0 }"#, traceParent: trace))
    #expect(read.routingKey == "order.OrderPlaced" && read.frames == 3)
    #expect(String(decoding: read.body, as: UTF8.self) == #"{ "n" : 1.0 }"# && read.contentType == "application/json")
    #expect(read.header?.messageID == "1" && read.header?.bodySize == 13)
    #expect(read.headers.texts["ce-id"] == "1" && read.headers.texts["ce-partitionkey"] == "grö\"ße")
    #expect(read.headers.texts["ce-specversion"] == "1.0" && read.headers.texts["ce-datacontenttype"] == nil)
    #expect(read.headers.texts["traceparent"] == trace && read.headers.texts["ce-traceparent"] == trace)
  }

  @Test func `in the structured mode the whole event is the body`() throws {
    let read = try write(.init(id: "1", key: "a")) { $0.mode = .structured }
    let batch = try Events.batch([.init(id: "1", key: "a")])
    #expect(read.body == Array(batch.line(of: batch.events[0])) && read.headers.texts.isEmpty)
    #expect(read.contentType == "application/cloudevents+json; charset=UTF-8")
  }

  @Test func `the prefix of headers can be another`() throws {
    let read = try write(.init(id: "1", key: "a")) { $0.headerPrefix = "cloudEvents:" }
    #expect(read.headers.texts["cloudEvents:type"] == "OrderPlaced" && read.headers.texts["ce-type"] == nil)
  }

  @Test(arguments: [(4096, 4088, 3), (4096, 4089, 4), (4096, 20_000, 7), (131_072, 20_000, 3)])
  func `a body is split into frames no longer than agreed`(limit: Int, size: Int, frames: Int) throws {
    let data = "\"" + String(repeating: "x", count: size - 2) + "\""
    let read = try write(.init(id: "1", key: "a", data: data), frameLimit: limit)
    #expect(read.frames == frames && read.body == Array(data.utf8))
  }

  @Test func `what no message can carry is refused, with a reason that shows nothing of it, and leaves no bytes`()
    throws
  {
    let long = String(repeating: "x", count: 256)
    for (sample, words) in [
      (Events.Sample(id: "1", key: "a", type: long), "routing key"), (.init(id: long, key: "a"), "message-id"),
      (.init(id: "1", key: "a", aggregateType: ""), "aggregatetype"),
      (.init(id: "1", key: String(repeating: "k", count: 5000)), "attributes"),
    ] {
      let batch = try Events.batch([sample])
      var bytes: [UInt8] = [7]
      let configuration = AMQPConfiguration(address: "amqp://localhost", exchange: "events")
      let error = #expect(throws: UnwritableEvent.self) {
        try MessageWriter(configuration).append(
          OutgoingEvent(batch, batch.events[0]), to: &bytes, frameLimit: 4096)
      }
      #expect(bytes == [7] && error?.reason.contains(words) == true && error?.reason.contains("xxx") == false)
    }
  }

  @Test func `the longest routing key and id are taken`() throws {
    let type = String(repeating: "x", count: 255 - "order.".count)
    let id = String(repeating: "y", count: 255)
    let read = try write(.init(id: id, key: "a", type: type))
    #expect(read.routingKey == "order.\(type)" && read.header?.messageID == id)
  }
}
