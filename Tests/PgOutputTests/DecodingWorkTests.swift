// SPDX-License-Identifier: Apache-2.0

import TestStream
import Testing

@testable import PgOutput

/// Work on what a stream describes never grows by the square.
@Suite(.serialized) struct DecodingWorkTests {
  @Test func `four times as many relations, each described twice, take four times as long`() {
    let growth = Scaling.growth(600) { count in
      (0..<2).flatMap { _ in
        (0..<UInt32(count)).map { HandBuilt.relation($0, "public", "t\($0)", columns: [.init("a")]) }
      }
    } work: { messages in
      var decoder = Decoder()
      for message in messages { _ = try? decoder.decode(message.span.bytes) }
    }
    #expect(growth < Scaling.linear)
  }

  @Test func `four times as many shapes of a relation take four times as long`() {
    let growth = Scaling.growth(600) { count in
      (0..<count).map { HandBuilt.relation(1, columns: [.init("c\($0)")]) }
    } work: { messages in
      var decoder = Decoder()
      for message in messages { _ = try? decoder.decode(message.span.bytes) }
    }
    #expect(growth < Scaling.linear)
  }

  @Test func `four times as many columns, values and truncated relations take four times as long`() {
    let growth = Scaling.growth(1000) { count in
      [
        HandBuilt.relation(1, columns: (0..<count).map { .init("c\($0)") }),
        HandBuilt.insert(1, [Cell](repeating: "x", count: count)),
        HandBuilt.truncate([UInt32](repeating: 1, count: count)),
      ]
    } work: { messages in
      var decoder = Decoder()
      for message in messages { _ = try? decoder.decode(message.span.bytes) }
    }
    #expect(growth < Scaling.linear)
  }
}
