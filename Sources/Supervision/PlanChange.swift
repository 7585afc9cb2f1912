// SPDX-License-Identifier: Apache-2.0

/// What other plans lead to, by the names of relays.
package struct PlanChange: Sendable {
  /// They go on.
  package var kept: [String] = []
  /// They go on; they were down, and are tried again at once.
  package var hastened: [String] = []
  /// They had ended, and are started again.
  package var revived: [String] = []
  /// They are drained, and started anew.
  package var restarted: [String] = []
  package var added: [String] = []
  /// They are drained, and end.
  package var removed: [String] = []
  /// They wait until others have ended, with which they have a slot or a file in common.
  package var delayed: [(name: String, others: [String])] = []

  mutating func note(_ name: String, isNew: Bool, hadEnded: Bool, isSame: Bool) {
    switch (isNew, hadEnded, isSame) {
    case (true, _, _), (_, true, false): added.append(name)
    case (_, true, true): revived.append(name)
    default: restarted.append(name)
    }
  }
}
