// SPDX-License-Identifier: Apache-2.0

import Delivery
import FileDelivery
import Foundation
import IntegrationEvents
import PostgresWire
import TestDelivery
import TestStream
import Testing

let stream = identity("7000000000000000001", 1, "slot")

func identity(_ system: String, _ timeline: UInt32, _ slot: String) -> StreamIdentity {
  StreamIdentity(
    systemIdentifier: system, timeline: timeline, database: "shop", slot: slot, publication: "publication")
}

/// A batch of events of one transaction, each with its number as id.
func batch(_ numbers: ClosedRange<UInt64>, payload: String = "x") throws -> EventBatch {
  var batch = EventBatch()
  let source = try #require(EventSource("/shop/public.outbox"))
  for number in numbers {
    let id = Array("\(number)".utf8)
    let bytes = id + Array("t".utf8) + Array(payload.utf8)
    var event = IntegrationEvent(source: source, time: .epoch)
    event.position = position(number)
    event.id = 0..<id.count
    event.type = id.count..<(id.count + 1)
    event.payload = .text((id.count + 1)..<bytes.count)
    try batch.encode(event, from: bytes)
  }
  return batch
}

func position(_ number: UInt64) -> EventPosition { EventPosition(commitLSN: 0x10, ordinal: number) }

extension TemporaryDirectory {
  /// The ids in a file, in order; each line must be whole.
  func ids(_ name: String) throws -> [Int] {
    try ids(in: try read(name))
  }

  func ids(in bytes: [UInt8]) throws -> [Int] {
    #expect(bytes.isEmpty || bytes.last == UInt8(ascii: "\n"), "the last line is whole")
    return try bytes.split(separator: UInt8(ascii: "\n")).map { line in
      let event = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
      return try #require((event?["id"] as? String).flatMap { Int($0) })
    }
  }

  /// The files that were rotated away, by name.
  func rotated(_ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path)
      .filter { $0.hasPrefix(name + ".") && !$0.hasSuffix(".state") && !$0.hasSuffix(".new") }.sorted()
  }

  func size(_ name: String) throws -> Int { try read(name).count }

  func move(_ name: String, to other: String) throws {
    try FileManager.default.moveItem(atPath: file(name), toPath: file(other))
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

  func sink(
    _ name: String = "events", of other: StreamIdentity = stream,
    _ change: (inout FileSink.Configuration) -> Void = { _ in }
  ) throws -> FileSink {
    var configuration = FileSink.Configuration(path: file(name))
    change(&configuration)
    return try FileSink(configuration, of: other)
  }
}
