// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import PostgresWire
import TestStream
import Testing

@testable import Relay

@Suite struct StreamedTransactionTests {
  private func block(_ xid: UInt32, _ messages: [UInt8]..., first: Bool = false) -> [[UInt8]] {
    [HandBuilt.streamStart(xid, first: first)] + messages + [HandBuilt.streamStop]
  }

  @Test func `nothing leaves before the commit`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(block(7, OutboxStream.relation(7), OutboxStream.row("a", xid: 7), first: true))
    #expect(pipeline.batch.events.isEmpty)
    #expect(pipeline.confirm.confirmable == .zero)
    pipeline.take(block(7, OutboxStream.row("b", xid: 7)))
    #expect(pipeline.batch.events.isEmpty)
    pipeline.take(HandBuilt.streamCommit(7, 0x10, end: 0x18))
    #expect(pipeline.events() == ["a@10-1", "b@10-2"])
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x18))
  }

  @Test func `overlapping transactions come in commit order`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(block(7, OutboxStream.relation(7), OutboxStream.row("a", xid: 7), first: true))
    pipeline.take(block(8, OutboxStream.relation(8), OutboxStream.row("b", xid: 8), first: true))
    pipeline.take(OutboxStream.transaction(0x10, "small"))
    pipeline.take(block(7, OutboxStream.row("c", xid: 7)))
    pipeline.take(block(8, OutboxStream.row("d", xid: 8)))
    pipeline.take(HandBuilt.streamCommit(8, 0x20, end: 0x28), HandBuilt.streamCommit(7, 0x30, end: 0x38))
    #expect(pipeline.events() == ["small@10-1", "b@20-1", "d@20-2", "a@30-1", "c@30-2"])
  }

  @Test func `a subtransaction that is rolled back is left out of rows and ordinals`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(
      block(
        7, OutboxStream.relation(7), OutboxStream.other(7), OutboxStream.row("a", xid: 7),
        OutboxStream.row("gone", xid: 8), OutboxStream.otherRow(8), OutboxStream.row("b", xid: 7),
        OutboxStream.row("gone too", xid: 8), OutboxStream.row("c", xid: 9), first: true))
    pipeline.take(HandBuilt.streamAbort(7, 8))
    pipeline.take(block(7, OutboxStream.otherRow(7), OutboxStream.row("d", xid: 7)))
    pipeline.take(HandBuilt.streamCommit(7, 0x10, end: 0x18))
    #expect(pipeline.events() == ["a@10-1", "b@10-2", "c@10-3", "d@10-5"])
  }

  @Test func `a transaction that is rolled back leaves nothing`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(block(7, OutboxStream.relation(7), OutboxStream.row("gone", xid: 7), first: true))
    pipeline.take(HandBuilt.streamAbort(7, 7))
    pipeline.take(OutboxStream.transaction(0x10, "a"))
    #expect(pipeline.events() == ["a@10-1"])
    #expect(pipeline.failure == nil)
  }

  @Test func `a further block of a transaction whose first never came is a violation, not an empty transaction`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x8, "before"))
    pipeline.take(block(7, OutboxStream.relation(7), OutboxStream.row("half", xid: 7)))
    #expect(pipeline.failure?.kind == .protocol)
    #expect(pipeline.failure?.description.contains("transaction 7") == true)
    #expect(pipeline.events() == ["before@8-1"])
  }

  @Test func `a block of a transaction that is committed or rolled back already is a violation`() {
    for end in [HandBuilt.streamCommit(7, 0x10, end: 0x18), HandBuilt.streamAbort(7, 7)] {
      var pipeline = OutboxStream.pipeline()
      pipeline.take(block(7, OutboxStream.relation(7), OutboxStream.row("a", xid: 7), first: true))
      pipeline.take(end)
      #expect(pipeline.failure == nil)
      pipeline.take(block(7, OutboxStream.row("b", xid: 7)))
      #expect(pipeline.failure?.kind == .protocol)
    }
  }

  @Test func `after a reconnect a transaction's blocks begin anew`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(block(7, OutboxStream.relation(7), OutboxStream.row("a", xid: 7), first: true))
    pipeline.restart()
    pipeline.take(block(7, OutboxStream.row("b", xid: 7)))
    #expect(pipeline.failure?.kind == .protocol)
  }

  @Test func `a PREPARE of a transaction whose rows never came is a violation`() {
    for tag in ["P", "p"] {
      var pipeline = OutboxStream.pipeline()
      pipeline.take(HandBuilt.prepare(0x10, end: 0x18, xid: 7, tag: tag))
      #expect(pipeline.failure?.kind == .protocol)
    }
  }

  @Test func `a block within a block or a transaction is a violation`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(HandBuilt.streamStart(7), HandBuilt.streamStart(8))
    #expect(pipeline.failure?.kind == .protocol)
    pipeline = OutboxStream.pipeline()
    pipeline.take(HandBuilt.begin(0x10), HandBuilt.streamStart(8))
    #expect(pipeline.failure?.kind == .protocol)
  }

  @Test func `an identifier that comes again starts empty`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(block(7, OutboxStream.relation(7), OutboxStream.row("gone", xid: 7), first: true))
    pipeline.take(block(7, OutboxStream.relation(7), OutboxStream.row("a", xid: 7), first: true))
    pipeline.take(HandBuilt.streamCommit(7, 0x10, end: 0x18))
    #expect(pipeline.events() == ["a@10-1"])
  }

  @Test func `a streamed transaction gives the same bytes as one that is not`() throws {
    let time: Int64 = 767_880_000_000_000
    var plain = OutboxStream.pipeline()
    plain.take(
      HandBuilt.begin(0x10, time: time), OutboxStream.relation(), OutboxStream.other(), OutboxStream.row("a"),
      OutboxStream.otherRow(), OutboxStream.row("b\"ü"),
      HandBuilt.message("outbox.orders", #"{"id": "c", "type": "t", "occurred_at": 0}"#),
      HandBuilt.commit(0x10, end: 0x18, time: time))
    var streamed = OutboxStream.pipeline()
    streamed.take(OutboxStream.transaction(0x8, "before"))
    #expect(streamed.events() == ["before@8-1"])
    streamed.take(
      block(
        7, OutboxStream.relation(7), OutboxStream.other(7), OutboxStream.row("a", xid: 7), OutboxStream.otherRow(9),
        first: true))
    streamed.take(
      block(
        7, OutboxStream.row("b\"ü", xid: 7),
        HandBuilt.message("outbox.orders", #"{"id": "c", "type": "t", "occurred_at": 0}"#, xid: 7)))
    streamed.take(HandBuilt.streamCommit(7, 0x10, end: 0x18, time: time))
    let batch = streamed.takeBatch()
    #expect(batch.text == plain.takeBatch().text)
    #expect(batch.text.contains(#""time":"2024-05-01T12:00:00.000000Z""#))
    #expect(batch.text.contains(#""time":"1970-01-01T00:00:00.000000Z""#))
    #expect(batch.events.map(\.position.ordinal) == [1, 3, 4])
  }

  @Test func `after a resume position only the rest is delivered`() {
    var pipeline = OutboxStream.pipeline(delivered: EventPosition(commitLSN: 0x10, ordinal: 1))
    pipeline.take(
      block(7, OutboxStream.relation(7), OutboxStream.row("a", xid: 7), OutboxStream.row("b", xid: 7), first: true))
    pipeline.take(HandBuilt.streamCommit(7, 0x10, end: 0x18))
    #expect(pipeline.events() == ["b@10-2"])
  }

  @Test func `a keepalive between blocks may be confirmed, one within a block not`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(HandBuilt.streamStart(7))
    pipeline.take(frame: HandBuilt.keepalive(0x10))
    #expect(pipeline.confirm.confirmable == .zero)
    pipeline.take(HandBuilt.streamStop)
    pipeline.take(frame: HandBuilt.keepalive(0x10))
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x10))
  }
}

@Suite struct TwoPhaseTests {
  private func prepared(_ xid: UInt32, _ lsn: UInt64, _ id: String) -> [[UInt8]] {
    [
      HandBuilt.beginPrepare(lsn, end: lsn + 8, xid: xid), OutboxStream.relation(), OutboxStream.row(id),
      HandBuilt.prepare(lsn, end: lsn + 8, xid: xid),
    ]
  }

  @Test func `a prepared transaction is delivered at its commit, with the commit's position`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(prepared(7, 0x10, "a"))
    pipeline.take(OutboxStream.transaction(0x20, "b"))
    #expect(pipeline.events() == ["b@20-1"])
    pipeline.take(HandBuilt.prepare(0x30, end: 0x38, xid: 7, tag: "K"))
    #expect(pipeline.events() == ["a@30-1"])
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x38))
  }

  @Test func `while it is undecided nothing behind its PREPARE may be confirmed`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x8, "before"))
    pipeline.take(prepared(7, 0x10, "a"))
    pipeline.take(prepared(8, 0x20, "b"))
    pipeline.take(OutboxStream.transaction(0x30, "c"))
    pipeline.take(frame: HandBuilt.keepalive(0x100))
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x10))
    pipeline.take(HandBuilt.prepare(0x110, end: 0x118, xid: 7, tag: "K"))
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x20))
    pipeline.take(HandBuilt.rollbackPrepared(prepareEnd: 0x28, rollbackEnd: 0x128, xid: 8))
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x128))
    #expect(pipeline.events() == ["before@8-1", "c@30-1", "a@110-1"])
  }

  @Test func `a prepared transaction that is rolled back leaves nothing`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(prepared(7, 0x10, "gone"))
    pipeline.take(HandBuilt.rollbackPrepared(prepareEnd: 0x18, rollbackEnd: 0x28, xid: 7))
    pipeline.take(prepared(7, 0x30, "a"))
    pipeline.take(HandBuilt.prepare(0x40, end: 0x48, xid: 7, tag: "K"))
    #expect(pipeline.events() == ["a@40-1"])
  }

  @Test func `a streamed transaction can be prepared`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(
      HandBuilt.streamStart(7), OutboxStream.relation(7), OutboxStream.row("a", xid: 7),
      OutboxStream.row("gone", xid: 8),
      HandBuilt.streamStop, HandBuilt.streamAbort(7, 8), HandBuilt.prepare(0x10, end: 0x18, xid: 7, tag: "p"))
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x10))
    pipeline.take(HandBuilt.prepare(0x20, end: 0x28, xid: 7, tag: "K"))
    #expect(pipeline.events() == ["a@20-1"])
  }

  @Test func `a reconnect keeps an undecided PREPARE unconfirmed`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(prepared(7, 0x10, "a"))
    pipeline.take(OutboxStream.transaction(0x20, "b"))
    pipeline.restart()
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x10))
    pipeline.take(prepared(7, 0x10, "a"))
    pipeline.take(OutboxStream.transaction(0x20, "b"))
    pipeline.take(HandBuilt.prepare(0x30, end: 0x38, xid: 7, tag: "K"))
    #expect(pipeline.events() == ["b@20-1", "a@30-1"])
  }

  @Test func `COMMIT PREPARED behind the end leaves its PREPARE unconfirmed`() {
    var pipeline = OutboxStream.pipeline(until: 0x2F)
    pipeline.take(prepared(7, 0x10, "a"))
    pipeline.take(OutboxStream.transaction(0x20, "b"))
    #expect(pipeline.take(HandBuilt.prepare(0x30, end: 0x38, xid: 7, tag: "K")) == .enough)
    #expect(pipeline.hasReachedEnd)
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x10))
    #expect(pipeline.events() == ["b@20-1"])
  }
}
