// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import OutboxMapping
import PostgresWire
import TestStream

@testable import Relay

/// Frames of an outbox with short names: table 1 is the outbox, table 2 is not.
enum OutboxStream {
  static let columns = ["id", "aggregatetype", "aggregateid", "type", "payload"].map { HandBuilt.Column($0) }

  static func relation(_ xid: UInt32? = nil) -> [UInt8] { HandBuilt.relation(1, columns: columns, xid: xid) }

  static func other(_ xid: UInt32? = nil) -> [UInt8] {
    HandBuilt.relation(2, "public", "other", columns: [.init("a")], xid: xid)
  }

  static func row(_ id: String, xid: UInt32? = nil, payload: String = "x") -> [UInt8] {
    HandBuilt.insert(1, [.text(id), "orders", "order-1", "OrderPlaced", .text(payload)], xid: xid)
  }

  static func otherRow(_ xid: UInt32? = nil) -> [UInt8] { HandBuilt.insert(2, ["x"], xid: xid) }

  /// Relation, Begin, rows and Commit; the commit record is 8 bytes long.
  static func transaction(_ commit: UInt64, _ ids: String..., payload: String = "x", at time: Int64 = 0) -> [[UInt8]] {
    [HandBuilt.begin(commit, time: time), relation()] + ids.map { row($0, payload: payload) }
      + [HandBuilt.commit(commit, end: commit + 8, time: time)]
  }

  static var configuration: MappingConfiguration {
    var configuration = MappingConfiguration()
    configuration.messagePrefixes = ["outbox"]
    return configuration
  }

  static func pipeline(until: UInt64? = nil, delivered: EventPosition? = nil) -> Pipeline {
    Pipeline(
      EventMapper(configuration), EnvelopeEncoder(envelope: .cloudevents), until: until.map { LSN(rawValue: $0) },
      delivered: delivered)
  }

  /// A pipeline that keeps rows that cannot become events.
  static func keepingPipeline() -> Pipeline {
    Pipeline(EventMapper(configuration), EnvelopeEncoder(envelope: .cloudevents), keepsBadRows: true)
  }
}

extension Pipeline {
  /// Takes messages, each in a frame of its own; stops as a source would.
  @discardableResult
  mutating func take(_ messages: [[UInt8]]) -> FrameVerdict {
    for message in messages where take(frame: HandBuilt.frame(message)) == .enough { return .enough }
    return .more
  }

  @discardableResult
  mutating func take(_ messages: [UInt8]...) -> FrameVerdict { take(messages) }

  @discardableResult
  mutating func take(frame: [UInt8]) -> FrameVerdict { consume(frame.span.bytes) }

  /// The events not handed over yet, as `id@commit-ordinal`.
  mutating func events() -> [String] { takeBatch().summary }
}

extension EventBatch {
  var summary: [String] {
    events.map { event in
      let id = String(decoding: bytes[event.id], as: UTF8.self)
      return "\(id)@\(String(event.position.commitLSN, radix: 16))-\(event.position.ordinal)"
    }
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }
}
