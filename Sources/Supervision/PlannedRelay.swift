// SPDX-License-Identifier: Apache-2.0

package import Logging
package import PostgresWire
package import Settings

/// A relay that is to run in a process, perhaps beside others.
package struct PlannedRelay: Sendable {
  /// What it is called.
  package var name: String
  package var settings: RelaySettings
  /// Where its slot is.
  package var place: ServerPlace
  package var onFailure: FailurePolicy
  package var log: Logger
  /// How words for an operator are shown.
  package var show: @Sendable (Wording) -> String

  package init(
    _ name: String, _ settings: RelaySettings, at place: ServerPlace, onFailure: FailurePolicy, log: Logger,
    show: @escaping @Sendable (Wording) -> String
  ) {
    (self.name, self.settings, self.place, self.onFailure) = (name, settings, place, onFailure)
    (self.log, self.show) = (log, show)
  }

  /// Whether one that runs can go on as it is. What becomes of the others when it fails can be told to it.
  func isSame(as other: PlannedRelay) -> Bool { name == other.name && settings == other.settings }

  /// What only one relay may have at a time, as it is found now.
  var owned: Set<OwnedThing> { Set(settings.owned(at: place).map(\.thing)) }
}
