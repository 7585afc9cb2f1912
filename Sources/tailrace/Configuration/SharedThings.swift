// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresClient
import Settings

/// What two relays of one process must not have in common: each would undo what the other has done.
struct SharedThings {
  private enum Thing: Hashable {
    case slot(server: String, name: String)
    case file(FileIdentity)
  }

  private var owners: [Thing: String] = [:]
  private(set) var mistakes = Mistakes()

  /// Takes a relay in.
  mutating func add(_ relay: ConfiguredProcess.Relay) {
    let source = relay.settings.source
    let slot = Thing.slot(server: ConnectionString.server(of: source.database), name: source.slot)
    take(slot, relay, "slot", "slot \(source.slot) of the same server")
    for (file, setting) in relay.settings.ownFiles {
      let what = setting == "sink" ? "output" : setting == "checkpoint" ? "checkpoint" : "file of dead letters"
      take(.file(file), relay, setting, what)
    }
  }

  private mutating func take(_ thing: Thing, _ relay: ConfiguredProcess.Relay, _ setting: String, _ what: String) {
    guard let other = owners[thing], other != relay.name else {
      owners[thing] = relay.name
      return
    }
    mistakes.add(
      relay.given[setting]?.origin ?? relay.origin,
      "\(setting): relay \(other) has that \(what); give \(relay.name) its own")
  }
}
