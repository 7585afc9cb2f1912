// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PgOutput
import PostgresWire
import TestStream

@testable import OutboxMapping

/// Runs messages through a decoder and a mapper, one transaction, and gives the lines.
struct Mapping {
  var configuration = MappingConfiguration()
  var columns: [HandBuilt.Column]
  var schema = "public"
  var table = "outbox"
  /// 2024-05-01 12:00:00 UTC.
  static let commitTime: Int64 = 767_880_000_000_000
  static let commitTimeText = "2024-05-01T12:00:00.000000Z"
  static let lsn = LSN(rawValue: 0x16_0000_0001)

  /// The usual columns: id, aggregatetype, aggregateid, type, payload, and what is added.
  init(_ more: [HandBuilt.Column] = [], id: UInt32 = 2950, payload: UInt32 = 3802) {
    columns =
      [
        HandBuilt.Column("id", id, flags: 1), .init("aggregatetype"), .init("aggregateid"), .init("type"),
        .init("payload", payload),
      ] + more
    configuration.database = "shop"
    configuration.systemIdentifier = "7000000000000000001"
  }

  /// The line of a row of five usual values and what is added.
  func line(_ more: [Cell] = [], id: Cell = "i1", payload: Cell = "{}") throws -> String? {
    try line(row: [id, "orders", "order-1", "OrderPlaced", payload] + more)
  }

  func line(row: [Cell]) throws -> String? {
    try lines([HandBuilt.insert(1, row)]).first ?? nil
  }

  /// One entry a message; nil where no event came of it.
  func lines(_ messages: [[UInt8]]) throws -> [String?] {
    var run = Run(configuration)
    try run.relation(HandBuilt.relation(1, schema, table, columns: columns))
    return try messages.map { try run.take($0) }
  }

  /// Decoder and mapper in one transaction.
  struct Run {
    var decoder = Decoder()
    var outbox: EventMapper

    init(_ configuration: MappingConfiguration) {
      outbox = EventMapper(configuration)
      outbox.beginTransaction(
        commitLSN: LSN(rawValue: 0xAB), commitTime: PostgresTimestamp(rawValue: Mapping.commitTime))
    }

    mutating func relation(_ message: [UInt8]) throws { _ = try decoder.decode(message.span.bytes) }

    mutating func take(_ message: [UInt8]) throws -> String? {
      let bytes = message.span.bytes
      let outcome: EventMapper.Outcome
      var version: RelationVersion?
      switch try decoder.decode(bytes) {
      case .insert(let insert):
        version = try decoder.relation(of: insert.new, insert.relationID, in: bytes)
        outcome = try outbox.insert(
          insert, of: version ?? 0, in: decoder.relations, message: bytes, lsn: Mapping.lsn)
      case .logicalMessage(let logical): outcome = try outbox.message(logical, in: bytes, lsn: Mapping.lsn)
      case .update(let update): return try change("UPDATE", [update.relationID], bytes)
      case .delete(let delete): return try change("DELETE", [delete.relationID], bytes)
      case .truncate(let truncate): return try change("TRUNCATE", truncate.relationIDs, bytes)
      default: return nil
      }
      guard outcome != .none else { return nil }
      var buffer: [UInt8] = []
      var noted: [EncodedAttribute] = []
      do throws(EnvelopeError) {
        _ = try outbox.write(outcome, bytes, with: EnvelopeEncoder(envelope: .cloudevents), into: &buffer, &noted)
      } catch {
        throw outbox.located(error, relation: version, lsn: Mapping.lsn)
      }
      return String(decoding: buffer.dropLast(), as: UTF8.self)
    }

    private mutating func change(_ what: String, _ ids: [UInt32], _ bytes: RawSpan) throws -> String? {
      var versions: [RelationVersion] = []
      for id in ids { versions.append(try decoder.relation(id, in: bytes)) }
      try outbox.change(what, of: versions, in: decoder.relations, lsn: Mapping.lsn)
      return nil
    }
  }

  /// What every line of `line(_:id:payload:)` starts with up to the time.
  static func head(id: String = "i1", time: String = commitTimeText, ordinal: Int = 1) -> String {
    #"{"specversion":"1.0","id":"\#(id)","source":"/shop/public.outbox","type":"OrderPlaced","subject":"order-1","#
      + #""time":"\#(time)","sequence":"00000000000000AB-000000000\#(ordinal)","partitionkey":"order-1","#
      + #""aggregatetype":"orders""#
  }

  static let emptyData = #","datacontenttype":"application/json","data":{}}"#
}
