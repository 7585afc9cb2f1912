// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import Settings
import Supervision

extension ServerPlace {
  /// Where a connection string leads.
  init(of text: String) {
    self.init(
      server: ConnectionString.server(of: text), sockets: ConnectionString.sockets(of: text),
      database: ConnectionString.database(of: text))
  }
}

/// What two relays of one process must not have in common: each would undo what the other has done.
struct SharedThings {
  private var owners: [OwnedThing: [(relay: String, place: ServerPlace)]] = [:]
  private(set) var mistakes = Mistakes()

  /// Takes a relay in.
  mutating func add(_ relay: ConfiguredProcess.Relay) {
    let source = relay.settings.source
    let place = ServerPlace(of: source.database)
    for (thing, setting) in relay.settings.owned(at: place) {
      let what =
        switch setting {
        case "slot": "slot \(source.slot) of the same server"
        case "sink": "output"
        case "checkpoint": "checkpoint"
        default: if case .table = thing { "table of dead letters" } else { "file of dead letters" }
        }
      take(thing, relay, place, setting, what)
    }
  }

  private mutating func take(
    _ thing: OwnedThing, _ relay: ConfiguredProcess.Relay, _ place: ServerPlace, _ setting: String, _ what: String
  ) {
    var others = (owners[thing] ?? []).filter { $0.relay != relay.name }
    if case .file = thing {} else { others.removeAll { $0.place.differs(from: place) } }
    owners[thing, default: []].append((relay.name, place))
    guard let other = others.first else { return }
    mistakes.add(
      relay.given[setting]?.origin ?? relay.origin,
      "\(setting): relay \(other.relay) has that \(what); give \(relay.name) its own")
  }
}
