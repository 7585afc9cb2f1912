// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import NIOCore
import TestDelivery
import TestStream
import Testing

@testable import Delivery
@testable import HTTPDelivery

/// Work on what a receiver says never grows by the square, and has an end.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AnswerWorkTests {
  @Test func `the end of a head that comes byte by byte is looked for in linear work`() {
    let growth = Scaling.growth(4000) {
      [UInt8](repeating: 0x78, count: $0)
    } work: { bytes in
      var (head, ending) = (ByteBuffer(), AnswerHead.Ending())
      for byte in bytes {
        head.writeInteger(byte)
        #expect(ending.find(in: head.readableBytesView) == nil)
      }
    }
    #expect(growth < Scaling.linear)
  }

  @Test func `a head with four times as many fields takes four times as long`() {
    for field in [
      "x: y", "content-length: 1", "content-length: 1, 2, 3, 4", "transfer-encoding: a,b,chunked", "connection: x",
    ] {
      let growth = Scaling.growth(400) { count in
        Array(("HTTP/1.1 200 OK\r\n" + String(repeating: field + "\r\n", count: count) + "\r\n").utf8)
      } work: { bytes in
        #expect(AnswerHead(bytes)?.bytes.isEmpty == false)
      }
      #expect(growth < Scaling.linear, "\(field)")
    }
  }

  @Test func `an event with four times as many attributes is put into a request in four times the time`() throws {
    let growth = Scaling.growth(400) { count in
      let more = (0..<count).map { ",\"a\($0)\":\"x\"" }.joined()
      return DeadLetter(
        event: "{\"id\":\"1\",\"type\":\"t\"\(more)}", id: "1", key: "k",
        position: .init(commitLSN: 7, ordinal: 1), reason: "", status: nil, attempts: 1, firstAttempt: 0,
        lastAttempt: 0,
        sink: "")
    } work: { letter in
      var batch = EventBatch()
      try? batch.append(letter)
      for mode in HTTPConfiguration.Mode.allCases {
        #expect((try? HTTPMessage(batch.events.map { OutgoingEvent(batch, $0) }, mode: mode)) != nil)
      }
    }
    #expect(growth < Scaling.linear)
  }

  @Test func `interim answers without an end are no answer, and the event goes again`() async throws {
    let receiver = try await RawReceiver { number in
      guard number == 1 else { return .init("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") }
      var answer = RawReceiver.Answer("")
      // Five megabytes, as fast as they are taken.
      answer.pieces = [String](
        repeating: String(repeating: "HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n", count: 1000), count: 160)
      return answer
    }
    let sink = try SinkParts(url: receiver.url).sink(DeadLetterOffice())
    let start = ContinuousClock.now
    try await sink.deliver(try Events.batch([.init(id: "a", key: "k")]))
    #expect(ContinuousClock.now - start < .seconds(30), "not as long as they come")
    #expect(receiver.requests == 2)
    #expect(sink.health.failures == 1)
    #expect(sink.health.lastReason == "what it answers is not HTTP")
    sink.close()
    await receiver.close()
  }
}
