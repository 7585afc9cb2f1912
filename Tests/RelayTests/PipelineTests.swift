// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets
import OutboxMapping
import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import Relay

@Suite struct PipelineTests {
  @Test func `events come with commit and ordinal`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x10, "a", "b"))
    pipeline.take(OutboxStream.transaction(0x20, "c"))
    #expect(pipeline.events() == ["a@10-1", "b@10-2", "c@20-1"])
    #expect(pipeline.events() == [])
    #expect(pipeline.eventCount == 3)
    #expect(pipeline.failure == nil)
  }

  @Test func `ordinals count what becomes no event too`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(
      HandBuilt.begin(0x10), OutboxStream.relation(), OutboxStream.other(), OutboxStream.otherRow(),
      OutboxStream.row("a"), HandBuilt.update(2, ["y"]), HandBuilt.message("audit", "x"),
      HandBuilt.message("audit", "x", transactional: false), HandBuilt.truncate([2]), HandBuilt.delete(2, key: ["y"]),
      OutboxStream.row("b"), HandBuilt.message("outbox.orders", #"{"id": "c", "type": "t"}"#),
      HandBuilt.commit(0x10, end: 0x18))
    #expect(pipeline.events() == ["a@10-2", "b@10-7", "c@10-8"])
  }

  @Test func `very much that was described is a reason for a new connection, once nothing is open`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.mostDescribed = 200
    pipeline.take(OutboxStream.transaction(0x10, "a"))
    #expect(!pipeline.knowsTooMuch)
    func describe(_ ids: ClosedRange<UInt32>) {
      for id in ids { pipeline.take(HandBuilt.relation(id, "public", "t\(id)", columns: [.init("a"), .init("b")])) }
    }
    describe(10...40)
    #expect(pipeline.knowsTooMuch)
    pipeline.take(HandBuilt.begin(0x20))
    #expect(!pipeline.knowsTooMuch)
    pipeline.take(HandBuilt.commit(0x20, end: 0x28), HandBuilt.streamStart(7), HandBuilt.streamStop)
    #expect(!pipeline.knowsTooMuch, "it would have to come again")
    describe(50...120)
    #expect(pipeline.knowsTooMuch)
    pipeline.take(HandBuilt.streamAbort(7, 7))
    pipeline.restart()
    #expect(!pipeline.knowsTooMuch)
    pipeline.take(OutboxStream.transaction(0x30, "b"))
    #expect(pipeline.events() == ["a@10-1", "b@30-1"])
  }

  @Test func `a commit's end may be confirmed, not its start`() {
    var pipeline = OutboxStream.pipeline()
    #expect(pipeline.confirm.confirmable == .zero)
    pipeline.take(Array(OutboxStream.transaction(0x10, "a").dropLast()))
    #expect(pipeline.confirm.confirmable == .zero)
    pipeline.take(HandBuilt.commit(0x10, end: 0x18))
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x18))
  }

  @Test func `between transactions the server's position may be confirmed`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(frame: HandBuilt.keepalive(0x30))
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x30))
    pipeline.take(frame: HandBuilt.keepalive(0x20))
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x30), "it does not go back")
    pipeline.take(HandBuilt.begin(0x40))
    pipeline.take(frame: HandBuilt.keepalive(0x50))
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x30), "within a transaction it says nothing")
    pipeline.take(HandBuilt.commit(0x40, end: 0x48))
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x48))
    #expect(pipeline.received == LSN(rawValue: 0x50))
  }

  @Test func `questions are counted once`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(frame: HandBuilt.keepalive(1, replyRequested: true))
    pipeline.take(frame: HandBuilt.keepalive(1, replyRequested: true))
    pipeline.take(frame: HandBuilt.keepalive(1))
    #expect(pipeline.takeRepliesWanted() == 2)
    #expect(pipeline.takeRepliesWanted() == 0)
  }

  @Test func `a batch is handed over when it is large`() {
    var pipeline = OutboxStream.pipeline()
    let large = String(repeating: "x", count: Pipeline.batchSize / 2)
    pipeline.take(HandBuilt.begin(0x10), OutboxStream.relation())
    #expect(pipeline.take(OutboxStream.row("a", payload: large)) == .more)
    #expect(pipeline.take(OutboxStream.row("b", payload: large)) == .enough)
    #expect(pipeline.events() == ["a@10-1", "b@10-2"])
    #expect(pipeline.confirm.confirmable == .zero, "the transaction is not complete")
    #expect(pipeline.take(OutboxStream.row("c"), HandBuilt.commit(0x10, end: 0x18)) == .more)
    #expect(pipeline.events() == ["c@10-3"])
  }

  @Test func `what is not complete can be dropped`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x10, "a"))
    pipeline.take(HandBuilt.begin(0x20), OutboxStream.row("b"), OutboxStream.row("c"))
    pipeline.dropIncomplete()
    let batch = pipeline.takeBatch()
    #expect(batch.summary == ["a@10-1"])
    #expect(batch.bytes.count == batch.events[0].line.upperBound)
  }

  @Test func `what is complete is not dropped`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x10, "a"))
    pipeline.dropIncomplete()
    #expect(pipeline.events() == ["a@10-1"])
  }

  @Test func `a batch's memory is used again, not its contents`() {
    var pipeline = OutboxStream.pipeline()
    let payload = String(repeating: "x", count: Pipeline.batchSize / 2)
    for (commit, id) in [(UInt64(0x10), "a"), (0x20, "b"), (0x30, "c")] {
      pipeline.take(OutboxStream.transaction(commit, id, payload: payload))
      let batch = pipeline.takeBatch()
      #expect(batch.summary == ["\(id)@\(String(commit, radix: 16))-1"])
      #expect(pipeline.batch.events.isEmpty)
      #expect(pipeline.batch.bytes.isEmpty)
      pipeline.recycle(batch)
    }
  }

  @Test func `a small batch takes no more memory than it needs`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x10, "a"))
    let batch = pipeline.takeBatch()
    #expect(batch.summary == ["a@10-1"])
    #expect(batch.bytes.capacity < 2 * batch.bytes.count + 100)
    #expect(pipeline.batch.bytes.isEmpty)
  }
}

@Suite struct ResumingTests {
  @Test func `events up to the resume position are not delivered again`() {
    var pipeline = OutboxStream.pipeline(delivered: EventPosition(commitLSN: 0x20, ordinal: 2))
    pipeline.take(OutboxStream.transaction(0x10, "a", "b", "c"))
    pipeline.take(OutboxStream.transaction(0x20, "d", "e", "f"))
    pipeline.take(OutboxStream.transaction(0x30, "g"))
    #expect(pipeline.events() == ["f@20-3", "g@30-1"])
    #expect(pipeline.eventCount == 2)
  }

  @Test func `a reconnect in mid-transaction delivers each event once`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x10, "a"))
    pipeline.take(HandBuilt.begin(0x20), OutboxStream.row("b"), OutboxStream.row("c"))
    var events = pipeline.events()
    pipeline.restart()
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x18))
    pipeline.take(OutboxStream.transaction(0x10, "a"))
    pipeline.take(OutboxStream.transaction(0x20, "b", "c", "d"))
    events += pipeline.events()
    #expect(events == ["a@10-1", "b@20-1", "c@20-2", "d@20-3"])
  }

  @Test func `tables are described anew after a reconnect`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x10, "a"))
    pipeline.restart()
    #expect(pipeline.take(HandBuilt.begin(0x20), OutboxStream.row("b")) == .enough)
    #expect(pipeline.failure?.kind == .protocol)
    #expect(pipeline.failure?.description.contains("row of relation 1, which the stream has not described") == true)
  }

  @Test func `a reconnect forgets an open transaction and a question`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(HandBuilt.begin(0x20))
    pipeline.take(frame: HandBuilt.keepalive(1, replyRequested: true))
    pipeline.restart()
    #expect(pipeline.takeRepliesWanted() == 0)
    pipeline.take(OutboxStream.transaction(0x20, "a"))
    #expect(pipeline.failure == nil)
    #expect(pipeline.events() == ["a@20-1"])
  }
}

@Suite struct UntilTests {
  @Test func `the transaction at the position is the last`() {
    var pipeline = OutboxStream.pipeline(until: 0x18)
    #expect(pipeline.take(OutboxStream.transaction(0x10, "a")) == .enough)
    #expect(pipeline.hasReachedEnd)
    #expect(pipeline.events() == ["a@10-1"])
  }

  @Test func `a transaction behind the position is not begun`() {
    var pipeline = OutboxStream.pipeline(until: 0x1F)
    #expect(pipeline.take(OutboxStream.transaction(0x10, "a")) == .more)
    #expect(pipeline.take(OutboxStream.transaction(0x20, "b")) == .enough)
    #expect(pipeline.hasReachedEnd)
    #expect(pipeline.events() == ["a@10-1"])
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x18))
  }

  @Test func `a transaction whose commit starts at the position counts`() {
    var pipeline = OutboxStream.pipeline(until: 0x20)
    #expect(pipeline.take(OutboxStream.transaction(0x20, "b")) == .enough)
    #expect(pipeline.events() == ["b@20-1"])
  }

  @Test func `a keepalive can reach the position`() {
    var pipeline = OutboxStream.pipeline(until: 0x20)
    #expect(pipeline.take(frame: HandBuilt.keepalive(0x1F)) == .more)
    #expect(pipeline.take(frame: HandBuilt.keepalive(0x20)) == .enough)
    #expect(pipeline.hasReachedEnd)
  }

  @Test func `a streamed transaction behind the position stays in the spool`() {
    var pipeline = OutboxStream.pipeline(until: 0x20)
    pipeline.take(
      HandBuilt.streamStart(7), OutboxStream.relation(7), OutboxStream.row("a", xid: 7), HandBuilt.streamStop,
      HandBuilt.streamCommit(7, 0x21, end: 0x29))
    #expect(pipeline.hasReachedEnd)
    #expect(pipeline.events() == [])
    #expect(pipeline.confirm.confirmable == .zero)
  }
}

@Suite struct ProtocolViolationTests {
  private func violation(_ messages: [UInt8]...) -> String? {
    var pipeline = OutboxStream.pipeline()
    #expect(pipeline.take(messages) == .enough)
    #expect(pipeline.confirm.confirmable == .zero)
    if let failure = pipeline.failure, failure.kind == .protocol { return failure.what.description }
    Issue.record("no violation but \(String(describing: pipeline.failure))")
    return nil
  }

  @Test func `Begin inside a transaction`() {
    #expect(violation(HandBuilt.begin(0x10), HandBuilt.begin(0x20)) == "Begin inside a transaction")
  }

  @Test func `Commit of another transaction`() {
    let what = violation(HandBuilt.begin(0x10), HandBuilt.commit(0x11, end: 0x18))
    #expect(what == "Commit 0/11 does not end the transaction that was begun")
  }

  @Test func `Commit without Begin`() {
    #expect(violation(HandBuilt.commit(0x10, end: 0x18)) != nil)
  }

  @Test(arguments: [
    OutboxStream.row("a"), HandBuilt.update(1, ["a", "b", "c", "d", "e"]),
    HandBuilt.delete(1, key: ["a", "b", "c", "d", "e"]),
    HandBuilt.truncate([1]), HandBuilt.message("outbox", #"{"type": "t"}"#),
  ])
  func `a change outside a transaction`(message: [UInt8]) {
    #expect(violation(OutboxStream.relation(), message) == "row outside a transaction")
  }

  @Test func `a change between streamed blocks`() {
    #expect(
      violation(
        HandBuilt.streamStart(7), OutboxStream.relation(7), HandBuilt.streamStop, OutboxStream.relation(),
        OutboxStream.row("a"))
        == "row outside a transaction")
  }

  @Test func `a frame of no known kind`() {
    var pipeline = OutboxStream.pipeline()
    #expect(pipeline.take(frame: [0x78]) == .enough)
    #expect(pipeline.failure?.description == "replication frame: unexpected tag 0x78, expected w or k")
  }

  @Test func `a message that cannot be read tells its position`() {
    var pipeline = OutboxStream.pipeline()
    #expect(pipeline.take(frame: HandBuilt.frame([0x78], at: 0x16_0000_0001)) == .enough)
    #expect(
      pipeline.failure?.description
        == "LSN 16/1: pgoutput message 'x', byte 1: unexpected tag 0x78, expected a pgoutput message")
  }

  @Test func `a row that makes no event stops the stream after what was complete`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x10, "a"))
    let poison = HandBuilt.insert(1, [nil, "orders", "order-1", "OrderPlaced", "x"])
    #expect(pipeline.take(HandBuilt.begin(0x20), OutboxStream.row("b"), poison) == .enough)
    #expect(pipeline.failure?.kind == .row)
    #expect(pipeline.failure?.description.contains("is NULL") == true)
    pipeline.dropIncomplete()
    #expect(pipeline.events() == ["a@10-1"])
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x18))
  }
}
