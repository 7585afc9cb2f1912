// SPDX-License-Identifier: Apache-2.0

/// What becomes of a process when one of its relays fails with something that does not heal by itself.
package enum FailurePolicy: String, CaseIterable, Hashable, Sendable {
  /// The relay is started again, after pauses that grow; the others go on.
  case restart
  /// All are stopped, and the process ends with the relay's error.
  case stop
}
