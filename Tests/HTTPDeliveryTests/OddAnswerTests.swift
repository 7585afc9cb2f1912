// SPDX-License-Identifier: Apache-2.0

import NIOCore
import PostgresWire
import TestDelivery
import TestStream
import Testing

@testable import Delivery
@testable import HTTPDelivery

/// Answers that are not as they should be.
@Suite(.timeLimit(.minutes(2)))
struct OddAnswerTests {
  /// Answers that say clearly that the receiver has the event, and what is told of them.
  static let clear: [(answer: String, closes: Bool, remark: String?)] = [
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", false, nil),
    ("HTTP/1.1 200 OK\ncontent-length: 2\n\nok", false, "bare line feeds"),
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\nserver: x\r\n\r\nok", false, "bare line feeds"),
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok", false, "Content-Length twice"),
    ("HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok", false, "Content-Length twice"),
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok", false, "two different"),
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, nil),
    ("HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok", false, nil),
    ("HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", false, nil),
    ("\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false, nil),
    (
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 201 Made\r\ncontent-length: 0\r\n\r\n",
      false, nil
    ),
    ("HTTP/1.1 204 None\r\ncontent-length: 4\r\n\r\nokok", false, nil),
    ("HTTP/1.1 200 OK\r\nbad header\r\n: none\r\nx\u{1}y: z\r\ncontent-length: 0\r\n\r\n", false, nil),
    ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok", true, nil),
    ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", true, nil),
    ("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nx", true, nil),
    ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", true, nil),
    ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nzz\r\n", true, nil),
    ("HTTP/1.0 200 OK\r\n\r\nok", true, nil),
    ("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok", false, nil),
  ]

  @Test(arguments: clear.indices)
  func `an answer that says clearly that the event is there is taken, and what was wrong with it is told`(
    index: Int
  ) async throws {
    let (answer, closes, remark) = Self.clear[index]
    let receiver = try await RawReceiver { _ in .init(answer, closes: closes) }
    let sink = try SinkParts(url: receiver.url).sink(DeadLetterOffice())
    // Twice, so that what is left of the first answer is not taken for the second.
    try await sink.deliver(try Events.batch([.init(id: "a", key: "k")]))
    try await sink.deliver(try Events.batch([.init(id: "b", key: "k")]))
    #expect(receiver.requests == 2, "each once: \(sink.health.lastReason)")
    #expect(sink.health.delivered == 2)
    if let remark {
      #expect(sink.health.remark?.contains(remark) == true)
    } else {
      #expect(sink.health.remark == nil)
    }
    sink.close()
    await receiver.close()
  }

  /// Answers that say nothing, or nothing clear.
  @Test(arguments: [
    "HTTP/9 banana\r\n\r\n", "hello\r\n\r\n", "HTTP/1.1 2OO OK\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n", "\r\n\r\n", "",
    "HTTP/1.1", "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 101 Switching\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 000 Nothing\r\n\r\n", "ICY 200 OK\r\n\r\n", "\0\0\0\u{12}\u{4}\0\0\0\0\0\0",
  ])
  func `an answer that says nothing brings the same event again`(answer: String) async throws {
    let receiver = try await RawReceiver { number in
      number == 1 ? .init(answer, closes: true) : .init("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    }
    let sink = try SinkParts(url: receiver.url).sink(DeadLetterOffice())
    try await sink.deliver(try Events.batch([.init(id: "a", key: "k")]))
    #expect(receiver.requests == 2)
    #expect(sink.health.failures == 1)
    sink.close()
    await receiver.close()
  }

  @Test func `whatever comes back, and however it is cut, nothing traps`() async throws {
    var random = Randomness(seed: 12)
    let samples = Self.clear.map(\.answer) + ["HTTP/1.1 503 Busy\r\nretry-after: 0\r\n\r\n"]
    for _ in 0..<60 {
      var bytes = Array((samples.randomElement(using: &random) ?? "").utf8)
      for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...2, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...127, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: [10, 13, 58, 32].shuffled(using: &random), at: place)
        }
      }
      let cut = Int.random(in: 0...bytes.count, using: &random)
      let pieces = [bytes[..<cut], bytes[cut...]].map { String(decoding: $0, as: UTF8.self) }
      let receiver = try await RawReceiver { number in
        var answer = RawReceiver.Answer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        if number == 1 { (answer.pieces, answer.closes) = (pieces, true) }
        return answer
      }
      let store = MemoryLetters()
      try await deliver([.init(id: "a", key: "k")], to: receiver.url, DeadLetterOffice(store, parksKeys: false)) {
        $0.delivery.retry.maximumAttempts = 3
      }
      await receiver.close()
    }
  }

  @Test func `a head decides, and words that drip behind it are not waited for`() async throws {
    let receiver = try await RawReceiver { _ in
      .init(
        "HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n", dripping: String(repeating: "x", count: 4000),
        every: .milliseconds(50))
    }
    let start = ContinuousClock.now
    let sink = try SinkParts(url: receiver.url).sink(DeadLetterOffice())
    for number in 0..<3 { try await sink.deliver(try Events.batch([.init(id: "\(number)", key: "k")])) }
    #expect(ContinuousClock.now - start < .seconds(30), "not as long as the words take")
    #expect(receiver.requests == 3, "each once")
    #expect(receiver.connections == 3, "a connection with unread words is not used again")
    sink.close()
    await receiver.close()
  }

  @Test func `a connection whose answers end is used again`() async throws {
    let receiver = try await RawReceiver { _ in .init("HTTP/1.1 200 OK\ncontent-length: 5\n\nhello") }
    let sink = try SinkParts(url: receiver.url).sink(DeadLetterOffice())
    for number in 0..<5 { try await sink.deliver(try Events.batch([.init(id: "\(number)", key: "k")])) }
    #expect(receiver.requests == 5)
    #expect(receiver.connections == 1)
    sink.close()
    await receiver.close()
  }

  @Test func `a head that drips is cut off after the time for a whole request`() async throws {
    let receiver = try await RawReceiver { number in
      number == 1
        ? .init("HTTP/1.1 200 OK\r\n", dripping: String(repeating: "x", count: 4000), every: .milliseconds(20))
        : .init("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    }
    try await deliver([.init(id: "a", key: "k")], to: receiver.url) { $0.http.totalTimeout = .milliseconds(500) }
    #expect(receiver.requests == 2)
    await receiver.close()
  }
}
