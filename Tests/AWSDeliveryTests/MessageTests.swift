// SPDX-License-Identifier: Apache-2.0

import Delivery
import Digests
import TestDelivery
import Testing

@testable import AWSDelivery

@Suite struct `Events as messages` {
  private func message(_ sample: Events.Sample, isOrdered: Bool = true) throws -> AWSMessage {
    let batch = try Events.batch([sample])
    return try AWSMessage(OutgoingEvent(batch, batch.events[0]), index: 0, isOrdered: isOrdered)
  }

  private func digest(_ text: String) throws -> String { RequestSigning.text(try SHA256.digest(Array(text.utf8))) }

  @Test func `the key is the group, and its digest where no group can be named so`() throws {
    let longest = String(repeating: "k", count: 128)
    for key in ["a", "a/b:c~!", longest] { #expect(try message(.init(id: "1", key: key)).group == key) }
    for key in ["a b", "größe", longest + "k"] {
      let group = try message(.init(id: "1", key: key)).group
      #expect(group == (try digest(key)))
    }
  }

  @Test func `an event is known by its source and its id, and without a key is a group of its own`() throws {
    let one = try message(.init(id: "id-1", key: ""))
    #expect(one.deduplication == (try digest("/shop/public.outbox\nid-1")))
    #expect(one.group == one.deduplication)
    let plain = try message(.init(id: "id-1", key: "k"), isOrdered: false)
    #expect(plain.group == nil && plain.deduplication == nil)
  }

  @Test func `attributes count against the limit, and there is none without a value`() throws {
    let one = try message(.init(id: "1", key: "k", type: "T", aggregateType: ""))
    #expect(one.attributes.map(\.name) == ["type"])
    #expect(one.size == one.body.count + 4 + 6 + 1)
  }

  @Test(arguments: ["\u{FFFE}", "\u{FFFF}"]) func `a character that no message may have is refused`(_ text: String)
    throws
  {
    #expect(throws: UnwritableEvent.self) { try message(.init(id: "1", key: "k", data: "\"\(text)\"")) }
  }

  @Test func `a control character goes as an escape in data`() throws {
    #expect(try message(.init(id: "1", key: "k", data: #""\u0001 \ufffd""#)).body.allSatisfy { $0 >= 0x20 })
  }
}

@Suite struct `What becomes of entries` {
  private func verdicts(_ answer: BatchAnswer, of count: Int = 2) throws -> [Attempt.Verdict?]? {
    let batch = try Events.batch((0..<count).map { .init(id: "\($0)", key: "\($0)") })
    let messages = try batch.events.enumerated().map {
      try AWSMessage(OutgoingEvent(batch, $1), index: $0, isOrdered: true)
    }
    return AWSPublisher.verdicts(answer, for: messages[...]) { AWSTrouble($0.code, $0.isOurs ? .event : .server) }
  }

  @Test func `each is what the answer says of it`() throws {
    let answer = BatchAnswer(
      stored: [.init(id: "1", digest: nil)], failed: [.init(id: "0", code: "X", message: "", isOurs: true)])
    #expect(try verdicts(answer) == [AWSTrouble("X", .event).verdict, .published])
  }

  @Test func `one that is nowhere, twice or in both lists is not known`() throws {
    let stored = BatchAnswer.Stored(id: "0", digest: nil)
    #expect(try verdicts(.init(stored: [stored])) == [.published, nil])
    #expect(try verdicts(.init(stored: [stored, stored])) == [nil, nil])
    let failed = BatchAnswer.Failed(id: "0", code: "X", message: "", isOurs: true)
    #expect(try verdicts(.init(stored: [stored], failed: [failed])) == [nil, nil])
    #expect(try verdicts(.init()) == [nil, nil])
  }

  @Test(arguments: ["2", "", "00", "-1", "a", "٠"]) func `an answer about others is none`(_ id: String) throws {
    let answer = BatchAnswer(stored: [.init(id: "0", digest: nil), .init(id: id, digest: nil)])
    #expect(try verdicts(answer) == nil)
  }

  @Test func `one whose digest is another's is not known to be there`() throws {
    #expect(try verdicts(.init(stored: [.init(id: "0", digest: String(repeating: "0", count: 32))])) == [nil, nil])
  }
}
