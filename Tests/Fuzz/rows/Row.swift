// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
import OutboxMapping
import PostgresWire
import TestStream

/// A row as an input describes it: two bytes of choices, then each column's value behind its length in two bytes.
struct Row {
  let columns: [HandBuilt.Column]
  let cells: [Cell]
  let configuration: MappingConfiguration
  /// Whether its transaction comes before its commit.
  let isStreamed: Bool
  /// What the types that are not built in are called.
  let typeName: (schema: String, name: String)

  /// The number of a type that is not built in.
  static let domain: UInt32 = 16_400
  private static let payloadTypes: [UInt32] = [114, 3802, 25, 17, domain, 1043, 23, 3614]
  private static let typeNames = [
    ("", "jsonb"), ("", "json"), ("", "bytea"), ("", "text"), ("public", "citext"), ("", "numeric"),
  ]

  init(_ input: [UInt8]) {
    let (choices, types) = (input.first ?? 0, input.dropFirst().first ?? 0)
    typeName = Self.typeNames[Int(types >> 4) % Self.typeNames.count]
    isStreamed = choices & 8 != 0
    let payloadType = Self.payloadTypes[Int(types) % Self.payloadTypes.count]
    columns = [
      HandBuilt.Column("id"), .init("aggregatetype"), .init("aggregateid"), .init("type"),
      .init("payload", payloadType),
      .init("version"), .init("occurred_at", choices & 1 == 0 ? 1184 : 20), .init("headers"), .init("traceparent"),
      .init("tracestate"), .init("dataschema"), .init("tenant"),
    ]
    var configuration = MappingConfiguration()
    configuration.textPayloadIsJSON = choices & 2 != 0
    configuration.onBadHeader = choices & 4 != 0 ? .fail : .warn
    if let tenant = AttributeName("tenant"), let copy = AttributeName("payloadcopy") {
      configuration.attributes = [(tenant, "tenant"), (copy, choices & 16 != 0 ? "payload" : "type")]
    }
    self.configuration = configuration
    cells = Self.cells(input.dropFirst(2), columns.count) { number in
      number == 4 && Self.isJSON(payloadType, Self.typeNames[Int(types >> 4) % Self.typeNames.count])
    }
  }

  /// Whether the server has checked a column's values.
  private static func isJSON(_ type: UInt32, _ name: (String, String)) -> Bool {
    type == 114 || type == 3802 || type == domain && name.0.isEmpty && name.1.hasPrefix("json")
  }

  private static func cells(_ input: ArraySlice<UInt8>, _ count: Int, isChecked: (Int) -> Bool) -> [Cell] {
    var rest = input
    return (0..<count).map { number in
      guard rest.count >= 2 else { return .null }
      let length = Int(rest.removeFirst()) << 8 | Int(rest.removeFirst())
      guard length < 0xFFFF else { return .null }
      let value = Array(rest.prefix(length))
      rest = rest.dropFirst(length)
      // No server sends such values.
      if isChecked(number), (try? JSONScanner.validate(value.span.bytes, 0..<value.count)) == nil { return .null }
      return .rawText(value.filter { $0 != 0 })
    }
  }

  /// The frames of a transaction with the row twice, and one behind it.
  var frames: [[UInt8]] {
    let xid: UInt32? = isStreamed ? 7 : nil
    let rows = [
      HandBuilt.type(Self.domain, typeName.schema, typeName.name, xid: xid),
      HandBuilt.relation(1, columns: columns, xid: xid), HandBuilt.insert(1, cells, xid: xid),
      HandBuilt.insert(1, cells, xid: xid),
    ]
    let transaction =
      isStreamed
      ? [HandBuilt.streamStart(7)] + rows + [HandBuilt.streamStop, HandBuilt.streamCommit(7, 0x10, end: 0x18)]
      : [HandBuilt.begin(0x10)] + rows + [HandBuilt.commit(0x10, end: 0x18)]
    return (transaction + [HandBuilt.begin(0x20), HandBuilt.commit(0x20, end: 0x28)]).enumerated().map {
      number, message in
      HandBuilt.frame(message, at: UInt64(number))
    }
  }
}
