// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import IntegrationEvents
import Logging
import Octets
import OutboxMapping
import PostgresWire
import Synchronization
import TestDelivery
import TestStream
import Testing

@testable import Relay

/// Events that a payload hook does not let leave.
@Suite struct RefusedEventTests {
  /// Lets no event leave whose id is one of some, and says of others where their schema is.
  struct Hook: PayloadHook {
    let refused: Set<String>
    var schema: DataSchema?

    func payload(of event: borrowing IntegrationEvent, in bytes: RawSpan) throws(PayloadRefusal) -> ReplacedPayload? {
      if refused.contains(bytes.text(event.id)) {
        throw PayloadRefusal("not this one", advice: "mend it with", setting: .init("payload-type", "json"))
      }
      return event.dataSchema.isEmpty ? schema.map { ReplacedPayload(.row(isJSON: true), schema: $0) } : nil
    }
  }

  private func pipeline(
    _ envelope: EnvelopeEncoder.Envelope = .cloudevents, keepsBadRows: Bool = true, _ refused: Set<String> = ["b"]
  ) -> Pipeline {
    Pipeline(
      EventMapper(OutboxStream.configuration),
      EnvelopeEncoder(envelope: envelope, payloadHook: Hook(refused: refused)), keepsBadRows: keepsBadRows)
  }

  private static let messages = [
    HandBuilt.begin(0x10), OutboxStream.relation(), OutboxStream.row("a"), OutboxStream.row("b"),
  ]

  @Test(arguments: EnvelopeEncoder.Envelope.allCases)
  func `a refused event is a letter of an event, as it would have left`(envelope: EnvelopeEncoder.Envelope) throws {
    var bare = OutboxStream.keepingPipeline()
    bare.take(Self.messages)
    let lines = bare.takeBatch().text.split(separator: "\n")
    var pipeline = pipeline(envelope)
    #expect(pipeline.take(Self.messages) == .enough)
    let letter = try #require(pipeline.takeBadRows().first)
    #expect(letter.isEvent && letter.id == "b" && !letter.type.isEmpty && !letter.key.isEmpty)
    #expect(letter.position == EventPosition(commitLSN: 0x10, ordinal: 2))
    #expect(letter.event == lines[1])
    #expect(letter.reason.hasSuffix(": not this one; mend it with payload-type: json"), "\(letter.reason)")
    #expect(!letter.reason.contains("column"))
    pipeline.restart()
    pipeline.take(Self.messages)
    #expect(pipeline.takeBadRows().isEmpty, "it is kept once")
  }

  @Test func `one of a transaction in progress waits for its commit, which says where it stands`() throws {
    let rows = ["a", "b", "c"].map { OutboxStream.row($0, xid: 7) }
    var pipeline = pipeline()
    pipeline.take([HandBuilt.streamStart(7), OutboxStream.relation(7)] + rows + [HandBuilt.streamStop])
    #expect(pipeline.takeBadRows().isEmpty)
    #expect(pipeline.take(HandBuilt.streamCommit(7, 0x10, end: 0x18)) == .enough)
    #expect(pipeline.events() == ["a@10-1"])
    let letter = try #require(pipeline.takeBadRows().first)
    #expect(letter.isEvent && letter.id == "b" && letter.position == EventPosition(commitLSN: 0x10, ordinal: 2))
    #expect(letter.event.contains(#""sequence":"\#(letter.position.sequence)""#), "\(letter.event)")
    pipeline.release()
    #expect(pipeline.events() == ["c@10-3"])
  }

  @Test func `without a place for letters it ends the stream, and says how to have one`() {
    var pipeline = pipeline(keepsBadRows: false)
    pipeline.take(Self.messages)
    let words = pipeline.failure.map { "\($0)" } ?? ""
    let advice = "mend it with payload-type: json; on-poison: dead-letter keeps it"
    #expect(words.contains("not this one; \(advice)"), "\(words)")
  }

  // MARK: Delivering them later

  private struct Receiver: Publisher {
    final class Taken: Sendable {
      let lines = Mutex<[String]>([])
    }

    let taken = Taken()
    var destination: String { "here" }

    func publish(_ events: [OutgoingEvent]) async -> Attempt {
      taken.lines.withLock { $0 += events.map { String(decoding: $0.line, as: UTF8.self) } }
      return Attempt(.together(.published))
    }

    func close() {}
  }

  private static let after = #""partitionkey":"k","datacontenttype":"application/json","data":{"a":1}}"#

  private func letter(_ id: String, key: String = "k") -> DeadLetter {
    let event = #"{"specversion":"1.0","id":"\#(id)","type":"T","# + Self.after
    let ordinal = UInt64(id.unicodeScalars.first?.value ?? 0)
    return DeadLetter(
      event: event.replacing("\"k\"", with: "\"\(key)\""), id: id, type: "T", key: key,
      position: EventPosition(commitLSN: 1, ordinal: ordinal), reason: "r", status: nil, attempts: 0, firstAttempt: 0,
      lastAttempt: 0, sink: "")
  }

  private func redrive(
    _ store: any DeadLetterStore, _ hook: Hook?, to receiver: Receiver
  ) async throws -> Redriver.Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let redriver = Redriver(store, RunControl(), payloadHook: hook, log: quiet) { office in
          KeyedSink(receiver, KeyedDelivery(), deadLetters: office)
        }
        continuation.resume(with: Swift.Result { try redriver.run(LetterQuery()) })
      }
    }
  }

  @Test func `what is still refused stays, with what comes behind it of its key, and is counted`() async throws {
    let store = MemoryLetters()
    try store.append([letter("a"), letter("b"), letter("c"), letter("d", key: "l"), letter("e", key: "m")])
    store.append(again: [letter("b"), letter("d", key: "l")])
    let receiver = Receiver()
    let result = try await redrive(store, Hook(refused: ["b", "e"]), to: receiver)
    #expect(result.delivered == 2 && result.refused == 3 - 1)
    #expect(result.refusal.map { "\($0)" } == "not this one; mend it with payload-type: json")
    #expect(Set(store.all.map(\.id)) == ["b", "c", "e"])
    let mended = try await redrive(store, Hook(refused: []), to: receiver)
    #expect(mended.left == 0 && mended.refused == 0 && mended.refusal == nil && store.all.isEmpty)
    let ofKey = receiver.taken.lines.withLock { $0.filter { $0.contains("\"partitionkey\":\"k\"") } }
    #expect(ofKey.map { $0.split(separator: "\"id\":\"")[1].prefix(1) } == ["a", "b", "c"])
  }

  @Test func `dataschema is added where there is none, in the place where the relay has it`() async throws {
    let store = MemoryLetters()
    var own = letter("b")
    own.event = own.event.replacing(Self.after, with: #""dataschema":"urn:own","# + Self.after)
    var spaced = letter("c")
    spaced.event = #"{ "id": "c", "type": "T", "partitionkey": "k", "data": [1] }"#
    try store.append([letter("a"), own, spaced])
    let receiver = Receiver()
    _ = try await redrive(store, Hook(refused: [], schema: DataSchema("urn:s")), to: receiver)
    let type = #","datacontenttype""#
    let expected = [
      letter("a").event.replacing(type, with: #","dataschema":"urn:s""# + type), own.event,
      #"{ "id": "c", "type": "T", "partitionkey": "k", "data": [1] ,"dataschema":"urn:s"}"#,
    ]
    #expect(receiver.taken.lines.withLock(\.self) == expected)
  }

  @Test func `without a hook they go as they are`() async throws {
    let store = MemoryLetters()
    try store.append([letter("a"), letter("b")])
    let receiver = Receiver()
    let result = try await redrive(store, nil, to: receiver)
    #expect(result == Redriver.Result(delivered: 2, left: 0))
    #expect(receiver.taken.lines.withLock(\.self) == [letter("a").event, letter("b").event])
  }
}
