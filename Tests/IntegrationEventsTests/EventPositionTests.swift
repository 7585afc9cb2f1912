// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import TestStream
import Testing

@Suite struct EventPositionTests {
  @Test(arguments: [
    (EventPosition(commitLSN: 0, ordinal: 0), "0000000000000000-0000000000"),
    (EventPosition(commitLSN: 0x16_B374_D848, ordinal: 1), "00000016B374D848-0000000001"),
    (EventPosition(commitLSN: .max, ordinal: 9_999_999_999), "FFFFFFFFFFFFFFFF-9999999999"),
  ])
  func `sequence pads both parts`(position: EventPosition, text: String) {
    #expect(position.sequence == text)
    #expect(text.utf8.count == EventPosition.sequenceLength)
    #expect(EventPosition(sequence: text) == position)
  }

  @Test func `comparing sequences compares positions`() {
    var random = Randomness(seed: 16)
    let positions = (0..<400).map { _ in
      EventPosition(
        commitLSN: UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0..<64, using: &random),
        ordinal: UInt64.random(in: 0...9_999_999_999, using: &random) >> UInt64.random(in: 0..<30, using: &random))
    }
    for (left, right) in zip(positions, positions.dropFirst()) {
      #expect((left < right) == (left.sequence < right.sequence), "\(left.sequence) \(right.sequence)")
      #expect(EventPosition(sequence: left.sequence) == left)
      let next = EventPosition(commitLSN: left.commitLSN, ordinal: right.ordinal)
      #expect((left < next) == (left.sequence < next.sequence), "\(left.sequence) \(next.sequence)")
    }
  }

  @Test(arguments: [
    "", "-", "0000000000000000", "0000000000000000-", "0000000000000000-000000000", "0000000000000000-00000000000",
    "000000000000000-0000000000", "+000000000000000-0000000000", "0000000000000000-+000000000",
    "000000000000000G-0000000000", "0000000000000000-000000000A", "0000000000000000-0000000000-0000000000",
    " 000000000000000-0000000000",
  ])
  func `anything else is no sequence`(text: String) {
    #expect(EventPosition(sequence: text) == nil)
  }
}
