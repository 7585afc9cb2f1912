// SPDX-License-Identifier: Apache-2.0

package import Logging
package import PostgresWire
package import Settings

/// A relay that is to run in a process, perhaps beside others.
package struct PlannedRelay: Sendable {
  /// What it is called.
  package var name: String
  package var settings: RelaySettings
  package var onFailure: FailurePolicy
  package var log: Logger
  /// How words for an operator are shown.
  package var show: @Sendable (Wording) -> String

  package init(
    _ name: String, _ settings: RelaySettings, onFailure: FailurePolicy, log: Logger,
    show: @escaping @Sendable (Wording) -> String
  ) {
    (self.name, self.settings, self.onFailure) = (name, settings, onFailure)
    (self.log, self.show) = (log, show)
  }

  /// Whether one that runs can go on as it is.
  func isSame(as other: PlannedRelay) -> Bool {
    name == other.name && settings == other.settings && onFailure == other.onFailure
  }
}
