// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import PostgresWire
import TestStream
import Testing

@testable import Relay

@Suite struct BadRowTests {
  @Test func `a row's columns are kept as text`() throws {
    var pipeline = OutboxStream.keepingPipeline()
    pipeline.take(HandBuilt.begin(0x10), OutboxStream.relation(), OutboxStream.row("a"))
    let bad = HandBuilt.insert(1, [nil, "or\"ders", .binary([0, 255]), "OrderPlaced", "x"])
    #expect(pipeline.take(bad) == .enough)
    #expect(pipeline.failure == nil)
    let letters = pipeline.takeBadRows()
    #expect(
      letters.map(\.event) == [
        #"{"id":null,"aggregatetype":"or\"ders","aggregateid":"\\x00ff","type":"OrderPlaced","payload":"x"}"#
      ])
    #expect(letters.first?.position == EventPosition(commitLSN: 0x10, ordinal: 2))
    #expect(pipeline.takeBadRows().isEmpty)
    pipeline.take(OutboxStream.row("b"), HandBuilt.commit(0x10, end: 0x18))
    #expect(pipeline.events() == ["a@10-1", "b@10-3"])
  }

  @Test func `a row's letter says whom it is about where that can be read`() throws {
    let rows: [(columns: [Cell], type: String, key: String)] = [
      (["a", "orders", "A", "", "x"], "orders", "A"), ([nil, "orders", "A", "T", "x"], "orders", "A"),
      (["a", nil, "A", "T", "x"], "", "A"), (["a", "orders", nil, "T", "x"], "orders", ""),
      (["a", "orders", "A", nil, "x"], "orders", "A"),
      ([nil, "orders", .text(String(repeating: "x", count: 20_000)), "T", "x"], "orders", ""),
    ]
    for row in rows {
      var pipeline = OutboxStream.keepingPipeline()
      pipeline.take(HandBuilt.begin(0x10), OutboxStream.relation(), HandBuilt.insert(1, row.columns))
      let letter = try #require(pipeline.takeBadRows().first)
      #expect(letter.aggregateType == row.type && letter.key == row.key)
    }
  }

  @Test func `a bad row is kept once, though it comes again`() {
    var pipeline = OutboxStream.keepingPipeline()
    let messages = [HandBuilt.begin(0x10), OutboxStream.relation(), OutboxStream.row("")]
    pipeline.take(messages)
    #expect(pipeline.takeBadRows().count == 1)
    pipeline.restart()
    pipeline.take(messages)
    #expect(pipeline.takeBadRows().isEmpty)
  }

  @Test func `what is wrong with the table itself still stops the stream`() {
    var pipeline = OutboxStream.keepingPipeline()
    let columns = OutboxStream.columns.dropLast()
    pipeline.take(HandBuilt.begin(0x10), HandBuilt.relation(1, columns: Array(columns)))
    #expect(pipeline.take(HandBuilt.insert(1, ["a", "b", "c", "d"])) == .enough)
    #expect(pipeline.failure != nil)
    #expect(pipeline.takeBadRows().isEmpty)
  }
}
