// SPDX-License-Identifier: Apache-2.0

import Foundation
import IntegrationEvents
import PostgresWire
import TestDelivery
import TestStream
import Testing

@testable import Delivery

/// Work on events and letters never grows by the square.
@Suite(.serialized) struct DeliveryWorkTests {
  private func letter(_ number: Int, size: Int = 1, members: Int = 0) -> DeadLetter {
    let more = (0..<members).map { ",\"m\($0)\":\"x\"" }.joined()
    return DeadLetter(
      event: "{\"id\":\"\(number)\",\"data\":\"\(String(repeating: "x", count: size))\"\(more)}", id: "\(number)",
      type: "Placed", aggregateType: "order", key: "k\(number)",
      position: EventPosition(commitLSN: 7, ordinal: UInt64(number)), reason: "status 422", status: 422, attempts: 2,
      firstAttempt: 1_700_000_000, lastAttempt: 1_700_000_009, sink: "https://orders.example/events")
  }

  private func temporary() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("letters-\(UUID().uuidString)").path
  }

  @Test func `four times as many letters are appended, read, removed and tidied away in four times the time`() throws {
    let growth = try Scaling.growth(400) {
      (0..<$0).map { letter($0) }
    } work: { letters in
      let path = temporary()
      defer { try? FileManager.default.removeItem(atPath: path) }
      let file = DeadLetterFile(path: path)
      for start in stride(from: 0, to: letters.count, by: 40) {
        try file.append(Array(letters[start..<min(letters.count, start + 40)]))
      }
      #expect(try file.removeAll(matching: LetterQuery()) == letters.count)
    }
    #expect(growth < Scaling.linear)
  }

  @Test func `a line of a letters' file that is four times as long is read in four times the time`() throws {
    let path = temporary()
    let growth = try Scaling.growth(8_000_000) { size in
      try Data((letter(1, size: size).json + "\n").utf8).write(to: URL(filePath: "\(path)-\(size)"))
      return "\(path)-\(size)"
    } work: { path in
      let file = try LetterLines.open(path)
      try LetterLines.forEach(in: file) { (_, _, _) throws(LetterFileError) in true }
    }
    #expect(growth < Scaling.linear)
    for size in [8_000_000, 32_000_000] { try? FileManager.default.removeItem(atPath: "\(path)-\(size)") }
  }

  @Test func `a large first letter costs nothing when others are appended`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let growth = try Scaling.growth(1_000_000) { size in
      let file = DeadLetterFile(path: "\(path)-\(size)")
      try file.append([letter(0, size: size)])
      return file
    } work: { file in
      // What was there is read once.
      for number in 1...60 { try file.append([letter(number)]) }
    }
    #expect(growth < 2)
    for size in [1_000_000, 4_000_000] { try? FileManager.default.removeItem(atPath: "\(path)-\(size)") }
  }

  @Test func `a letter that is four times as long, or has four times as many members, takes four times as long`() {
    for members in [0, 1] {
      let growth = Scaling.growth(5000) { count in
        letter(1, size: members == 0 ? count * 4 : 1, members: members * count)
      } work: { letter in
        let again = DeadLetter(json: Array(letter.json.utf8))
        var batch = EventBatch()
        #expect((try? batch.append(again ?? letter)) != nil)
      }
      #expect(growth < Scaling.linear)
    }
  }

  @Test func `four times as many events are scheduled in four times the time, whatever their keys`() throws {
    for isOneKey in [true, false] {
      let growth = try Scaling.growth(600) { count in
        BatchInFlight(
          try Events.batch((0..<count).map { .init(id: "\($0)", key: isOneKey ? "a" : "k\($0)") }), number: 0)
      } work: { flight in
        var scheduler = DeliveryScheduler()
        for index in flight.batch.events.indices { scheduler.enqueue(.init(batch: flight, index: index)) }
        while let parcel = scheduler.take(atMost: 1, bytes: .max) { scheduler.finish(parcel) }
        #expect(scheduler.count == 0)
      }
      #expect(growth < Scaling.linear, "\(isOneKey)")
    }
  }
}
