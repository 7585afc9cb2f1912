// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import OutboxMapping
import PostgresWire
import TestStream
import Testing

@testable import Relay

/// Work on what transactions hold never grows by the square.
@Suite(.serialized) struct PipelineWorkTests {
  /// - Parameter memory: how many bytes of transactions in progress may be in memory.
  private func growth(_ count: Int, memory: Int = 1 << 30, _ messages: (Int) -> [[UInt8]]) -> Double {
    var spool = SpoolConfiguration()
    spool.memory = memory
    return Scaling.growth(count) {
      messages($0).map { HandBuilt.frame($0) }
    } work: { frames in
      var pipeline = Pipeline(
        EventMapper(OutboxStream.configuration), EnvelopeEncoder(envelope: .cloudevents), keepsBadRows: true,
        spool: spool)
      for frame in frames {
        _ = pipeline.consume(frame.span.bytes)
        while pipeline.failure == nil {
          if pipeline.isBatchFull || !pipeline.badRows.isEmpty {
            _ = pipeline.takeBatch()
            _ = pipeline.takeBadRows()
          }
          guard pipeline.isReleasing else { break }
          pipeline.release()
        }
      }
      if let failure = pipeline.failure { Issue.record("\(failure)") }
    }
  }

  @Test func `four times as many subtransactions, each but the last rolled back, take four times as long`() {
    let growth = growth(300) { count in
      let xids = (0..<UInt32(count)).map { 8 + $0 }
      let rows = xids.map { OutboxStream.row("\($0)", xid: $0) }
      return [HandBuilt.streamStart(7), OutboxStream.relation(7)] + rows + [HandBuilt.streamStop]
        + xids.dropLast().map { HandBuilt.streamAbort(7, $0) } + [HandBuilt.streamCommit(7, 0x10, end: 0x18)]
    }
    #expect(growth < Scaling.linear)
  }

  @Test func `four times as many transactions in progress at once take four times as long`() {
    for memory in [1 << 30, 5000] {
      #expect(growth(80, memory: memory, inProgress) < Scaling.linear, "\(memory)")
    }
  }

  private func inProgress(_ count: Int) -> [[UInt8]] {
    let xids = (0..<UInt32(count)).map { 8 + $0 }
    let blocks = [true, false, false].flatMap { isFirst in
      xids.flatMap { xid -> [[UInt8]] in
        [HandBuilt.streamStart(xid, first: isFirst)] + (isFirst ? [OutboxStream.relation(xid)] : [])
          + [OutboxStream.row("a", xid: xid), HandBuilt.streamStop]
      }
    }
    return blocks + xids.map { HandBuilt.streamCommit($0, UInt64($0) * 16, end: UInt64($0) * 16 + 8) }
  }

  @Test func `four times as many bad rows, and bad rows of four times as many columns, take four times as long`() {
    let rows = growth(300) { count in
      let rows = (0..<count).map { _ in HandBuilt.insert(1, [nil, "orders", "k", "t", "x"]) }
      return [HandBuilt.begin(0x10), OutboxStream.relation()] + rows + [HandBuilt.commit(0x10, end: 0x18)]
    }
    #expect(rows < Scaling.linear)
    let columns = growth(800) { count in
      let more = (0..<count).map { HandBuilt.Column("c\($0)") }
      let values: [Cell] = [nil, "orders", "k", "t", "x"] + [Cell](repeating: "x\n", count: count)
      return [
        HandBuilt.begin(0x10), HandBuilt.relation(1, columns: OutboxStream.columns + more), HandBuilt.insert(1, values),
        HandBuilt.commit(0x10, end: 0x18),
      ]
    }
    #expect(columns < Scaling.linear)
  }

  @Test func `four times as many prepared transactions take four times as long`() {
    let growth = growth(300) { count in
      let xids = (0..<UInt32(count)).map { 8 + $0 }
      return xids.flatMap { xid -> [[UInt8]] in
        let lsn = UInt64(xid) * 16
        return [
          HandBuilt.beginPrepare(lsn, end: lsn + 8, xid: xid), OutboxStream.relation(), OutboxStream.row("a"),
          HandBuilt.prepare(lsn, end: lsn + 8, xid: xid),
        ]
      }
        + xids.map { xid in
          HandBuilt.prepare(UInt64(xid) * 16 + 0x1_0000_0000, end: UInt64(xid) * 16 + 0x1_0000_0008, xid: xid, tag: "K")
        }
    }
    #expect(growth < Scaling.linear)
  }

  @Test func `what large rows have made large is not held on to`() throws {
    var growing = GrowingBatch()
    growing.batch.bytes = [UInt8](repeating: 0, count: 8 * Pipeline.batchSize)
    growing.recycle(growing.take())
    #expect(growing.batch.bytes.capacity < 4 * Pipeline.batchSize)
    growing.batch.bytes.reserveCapacity(8 * Pipeline.batchSize)
    growing.recycle(growing.take())
    #expect(growing.batch.bytes.capacity < 4 * Pipeline.batchSize)
  }
}
