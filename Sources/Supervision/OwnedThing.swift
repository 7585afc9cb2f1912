// SPDX-License-Identifier: Apache-2.0

package import Files
package import PostgresWire
package import Settings

/// What only one relay may have at a time: each of two would undo what the other has done.
package enum OwnedThing: Hashable, Sendable {
  case slot(server: String, name: String)
  case file(FileIdentity)
  /// A table of dead letters: nothing in it says whose a letter is.
  case table(server: String, database: String, TableName)
}

/// Which database is meant, in the one form in which two are compared.
package struct ServerPlace: Hashable, Sendable {
  /// The server's hosts and ports.
  package var server: String
  /// The directories of its sockets; empty where that is not said.
  package var sockets: String
  package var database: String

  package init(server: String, sockets: String = "", database: String) {
    (self.server, self.sockets, self.database) = (server, sockets, database)
  }

  /// Whether two that seem to be one server are known not to be.
  package func differs(from other: ServerPlace) -> Bool {
    !sockets.isEmpty && !other.sockets.isEmpty && sockets != other.sockets
  }
}

extension RelaySettings {
  /// What a relay of these settings has, each with the setting that says so.
  package func owned(at place: ServerPlace) -> [(thing: OwnedThing, setting: String)] {
    var all: [(OwnedThing, String)] = [(.slot(server: place.server, name: source.slot), "slot")]
    all += ownFiles.map { (.file($0.file), $0.setting) }
    if case .table(let name) = poison.deadLetters {
      all.append((.table(server: place.server, database: place.database, name), "dead-letters"))
    }
    return all
  }
}
