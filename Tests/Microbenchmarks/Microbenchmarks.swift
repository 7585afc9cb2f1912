// SPDX-License-Identifier: Apache-2.0

import Capture
import Contracts
import Delivery
import Glibc
import IntegrationEvents
import Octets
import OutboxMapping
import PgOutput
import PostgresWire
import Relay
import TestStream

/// Does one step of an event's way again and again, so that a profiler can count what one round takes: run it with two
/// counts, and the difference leaves out the start.
///
/// usage: microbenchmarks STEP COUNT
@main
enum Microbenchmarks {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.count == 2, let name = arguments.first, let count = arguments.last.flatMap({ Int($0) }), count > 0
    else { fail() }
    let message = OutboxRow.message
    let frame = HandBuilt.frame(message, at: 0x0152_AEA8)
    var steps = try Steps(message.span.bytes, Contracted(name))
    switch name {
    case "decode": for _ in 0..<count { try steps.decode(message.span.bytes) }
    case "map": for _ in 0..<count { try steps.map(message.span.bytes) }
    case "envelope": for _ in 0..<count { try steps.encode(message.span.bytes) }
    case "pipeline", "avro-contract", "json-contract", "dataschema":
      for _ in 0..<count { try steps.relay(frame.span.bytes) }
    case "handover", "avro-handover", "avro-encoded":
      for _ in 0..<count { try steps.handOver(frame.span.bytes) }
    case "checksum": for _ in 0..<count { steps.checksum(frame.span.bytes) }
    default: fail()
    }
    // Whatever was computed is used, so that none of it can be left out.
    print(steps.result)
  }

  private static func fail() -> Never {
    print(
      "usage: microbenchmarks decode|map|envelope|pipeline|avro-contract|json-contract|dataschema|handover|avro-handover|"
        + "avro-encoded|checksum COUNT")
    exit(64)
  }
}

/// An outbox row of usual size, about 430 bytes.
private enum OutboxRow {
  static let relation = HandBuilt.relation(
    16_384,
    columns: [
      .init("id", 2950, flags: 1), .init("aggregatetype"), .init("aggregateid"), .init("type"),
      .init("payload", 3802), .init("occurred_at", 1184),
    ])

  static let message = HandBuilt.insert(
    16_384,
    [
      "fd697642-26ab-4f4c-9b5b-3f4f0c3d9a11", "order", "order-4711", "OrderPlaced", .text(payload),
      "2026-11-23 07:16:06.254758+00",
    ])

  private static let payload =
    #"{"note": ""# + String(repeating: "x", count: 120)
    + #"", "lines": [{"sku": "SKU-17", "quantity": 3}], "total": 4242, "orderId": 4711, "currency": "EUR", "#
    + #""customer": {"id": "customer-1203", "segment": "retail"}, "channel": "web"}"#
}

/// The same row on its whole way, held to a contract of what it carries.
private enum Contracted: String {
  case avro = "avro-contract"
  case json = "json-contract"
  /// By Avro too, and told where the contract is.
  case schema = "dataschema"
  /// By Avro, up to the message of a sink in binary mode; and the same with its data encoded.
  case handover = "avro-handover"
  case encoded = "avro-encoded"

  init?(_ name: String) { self.init(rawValue: name) }

  func hook() throws -> ContractHook {
    var catalogue = ContractCatalogue()
    let (file, text) = self == .json ? ("1.json", Self.jsonText) : ("1.avsc", Self.avroText)
    catalogue.add(type: "OrderPlaced", version: 1, file: file, text: Array(text.utf8))
    return try ContractHook(
      catalogue, policy: .reject, schemaBase: self == .schema ? "https://orders.example/contracts" : nil,
      encoding: self == .encoded ? EncodingRules(.avro, .bare) : nil, tell: { _ in })
  }

  private static let avroText = #"""
    {"type": "record", "name": "OrderPlaced", "fields": [
      {"name": "note", "type": "string"},
      {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "Line", "fields": [
        {"name": "sku", "type": "string"}, {"name": "quantity", "type": "int"}]}}},
      {"name": "total", "type": "long"}, {"name": "orderId", "type": "long"}, {"name": "currency", "type": "string"},
      {"name": "customer", "type": {"type": "record", "name": "Customer", "fields": [
        {"name": "id", "type": "string"}, {"name": "segment", "type": ["null", "string"], "default": null}]}},
      {"name": "channel", "type": {"type": "enum", "name": "Channel", "symbols": ["web", "shop"]}}]}
    """#

  private static let jsonText = #"""
    {"type": "object", "required": ["note", "lines", "total", "orderId", "currency", "customer", "channel"],
     "properties": {
      "note": {"type": "string"},
      "lines": {"type": "array", "items": {"type": "object", "required": ["sku", "quantity"],
        "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer"}}}},
      "total": {"type": "integer"}, "orderId": {"type": "integer"}, "currency": {"type": "string"},
      "customer": {"type": "object", "required": ["id"],
        "properties": {"id": {"type": "string"}, "segment": {"type": ["null", "string"]}}},
      "channel": {"enum": ["web", "shop"]}}}
    """#
}

/// The steps of an event's way, each from the same row.
private struct Steps {
  private(set) var result: UInt64 = 0
  private var decoder = Decoder()
  private var outbox: EventMapper
  private var pipeline: Pipeline
  private let encoder = EnvelopeEncoder(envelope: .cloudevents)
  private var lines: [UInt8] = []
  private var noted: [EncodedAttribute] = []
  private var message: [UInt8] = []
  private let encoding: (any DataEncoding)?
  private let insert: Insert
  private let relation: RelationVersion

  init(_ message: RawSpan, _ contracted: Contracted?) throws {
    var configuration = MappingConfiguration()
    configuration.database = "shop"
    outbox = EventMapper(configuration)
    let hook = try contracted?.hook()
    encoding = hook?.encoding
    pipeline = Pipeline(EventMapper(configuration), EnvelopeEncoder(envelope: .cloudevents, payloadHook: hook))
    for message in [HandBuilt.begin(0x0152_AEA8), OutboxRow.relation] {
      _ = pipeline.consume(HandBuilt.frame(message).span.bytes)
      _ = try decoder.decode(message.span.bytes)
    }
    guard case .insert(let insert) = try decoder.decode(message) else { preconditionFailure("no insert") }
    self.insert = insert
    relation = try decoder.relation(of: insert.new, insert.relationID, in: message)
    outbox.beginTransaction(commitLSN: LSN(rawValue: 0x0152_AEA8), commitTime: PostgresTimestamp(rawValue: 0))
    try map(message)
  }

  mutating func decode(_ message: RawSpan) throws {
    guard case .insert(let insert) = try decoder.decode(message) else { return }
    result &+= UInt64(insert.new.range.upperBound)
  }

  mutating func map(_ message: RawSpan) throws {
    let outcome = try outbox.insert(
      insert, of: relation, in: decoder.relations, message: message, lsn: LSN(rawValue: 1))
    if outcome == .eventInMessage { result &+= UInt64(outbox.event.id.lowerBound) }
  }

  mutating func encode(_ message: RawSpan) throws {
    if lines.count > 200_000 { lines.removeAll(keepingCapacity: true) }
    let encoded = try outbox.write(.eventInMessage, message, with: encoder, into: &lines, &noted)
    result &+= UInt64(encoded.line.count)
  }

  mutating func relay(_ frame: RawSpan) throws {
    guard pipeline.consume(frame) == .enough else { return }
    if let failure = pipeline.failure { throw failure }
    let batch = pipeline.takeBatch()
    result &+= UInt64(batch.events.count)
    pipeline.recycle(batch)
  }

  /// The whole way, to messages that have the attributes beside the data, as sinks write them in binary mode.
  mutating func handOver(_ frame: RawSpan) throws {
    guard pipeline.consume(frame) == .enough else { return }
    if let failure = pipeline.failure { throw failure }
    let batch = pipeline.takeBatch()
    for event in batch.events {
      var outgoing = OutgoingEvent(batch, event)
      if let encoding { outgoing = try outgoing.encoded(by: encoding) }
      message.removeAll(keepingCapacity: true)
      let named = outgoing.forEachBinaryAttribute { name, value in
        message.append(contentsOf: name.utf8)
        message.append(outgoing, unescaped: value)
      }
      if let contentType = outgoing.contentType(named) { message += contentType }
      message += try outgoing.data()
      result &+= UInt64(message.count)
    }
    pipeline.recycle(batch)
  }

  mutating func checksum(_ frame: RawSpan) { result &+= XXH64.hash(frame) }
}
