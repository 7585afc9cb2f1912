// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import IntegrationEvents

/// An integration event as it is written, with an id that stays the same on every delivery.
struct OutboxEntry: Sendable {
  /// The JSON of each field that there is.
  private var fields: [Outbox.Field: String] = [:]

  init<Event: VersionedEvent>(_ event: Event, of aggregateType: String?, _ outbox: Outbox, at time: Date = Date())
    throws
  {
    guard !event.key.isEmpty else { throw OutboxError.noKey(type: Event.type) }
    fields[.id] = JSONText.string(EventIDs.own.next(at: time).uuidString.lowercased())
    fields[.aggregateType] = JSONText.string(aggregateType ?? outbox.aggregateType)
    fields[.aggregateID] = JSONText.string(event.key)
    fields[.type] = JSONText.string(Event.type)
    fields[.payload] = try EventJSON.text(event)
    fields[.version] = String(Event.version)
    fields[.time] = EventJSON.time(time).map(JSONText.string)
    let headers = outbox.headers()
    if !headers.isEmpty { fields[.headers] = try EventJSON.text(headers) }
    fields[.traceParent] = outbox.traceParent().map(JSONText.string)
  }

  /// A JSON object with a member for each field, under its column's name.
  func object(_ columns: [Outbox.Field: String]) -> String {
    let members = Outbox.Field.allCases.compactMap { field -> String? in
      let name = columns[field] ?? field.rawValue
      guard !name.isEmpty, let value = fields[field] else { return nil }
      return "\(JSONText.string(name)):\(value)"
    }
    return "{" + members.joined(separator: ",") + "}"
  }
}
