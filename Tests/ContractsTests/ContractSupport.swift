// SPDX-License-Identifier: Apache-2.0

import Contracts
import IntegrationEvents

extension ContractCatalogue {
  /// Takes `TYPE/VERSION.ENDING`, as a directory has it.
  mutating func add(_ file: String, _ text: String) {
    let parts = file.split(separator: "/")
    let version = parts.last.flatMap { $0.split(separator: ".").first }.flatMap { Int($0) } ?? 0
    add(type: "\(parts[0])", version: version, file: file, text: Array(text.utf8))
  }

  /// Versions of one type in Avro, from 1: each a record with these fields.
  init(fields: [String]) {
    self.init()
    for (index, fields) in fields.enumerated() {
      add("Placed/\(index + 1).avsc", #"{"type": "record", "name": "Placed", "fields": [\#(fields)]}"#)
    }
  }
}

/// Fields of records.
enum Fields {
  static let cents = #"{"name": "cents", "type": "long"}"#
  static let note = #"{"name": "note", "type": "string"}"#
  static let noteOrNone = #"{"name": "note", "type": ["null", "string"], "default": null}"#
}

/// An event as a row would make it.
struct DraftedEvent {
  enum Data { case none, json, uncheckedJSON, text, hexadecimal }

  var id = "e-1"
  var type = "Placed"
  var version = ""
  var schema = ""
  var data = ""
  var kind = Data.json

  /// What a hook says to it.
  func asked(_ hook: ContractHook) throws -> ReplacedPayload? {
    var bytes = Array("before".utf8)
    func place(_ text: String) -> Range<Int> {
      bytes += text.utf8
      return (bytes.count - text.utf8.count)..<bytes.count
    }
    guard let source = EventSource("/shop/public.outbox"), let time = EventTime(unixMicroseconds: 0) else { return nil }
    var event = IntegrationEvent(source: source, time: time)
    event.id = place(id)
    event.type = place(type)
    event.dataVersion = place(version)
    event.dataSchema = place(schema)
    let range = place(data)
    switch kind {
    case .none: break
    case .json: event.payload = .json(range)
    case .uncheckedJSON: event.payload = .uncheckedJSON(range)
    case .text: event.payload = .text(range)
    case .hexadecimal: event.payload = .hexadecimal(range)
    }
    return try hook.payload(of: event, in: bytes.span.bytes)
  }

  /// Why a hook refuses it; nil if it does not.
  func refusal(_ hook: ContractHook) throws -> String? {
    do { _ = try asked(hook) } catch let refusal as PayloadRefusal { return refusal.reason }
    return nil
  }
}
