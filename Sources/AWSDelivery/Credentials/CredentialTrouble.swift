// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// Why there are no credentials now.
struct CredentialTrouble: Error, Hashable {
  /// What somebody who mends it has to know; never a secret.
  let reason: String
  let hint: String?
  /// Whether only somebody who mends it can help, so that a start ends with it.
  let isLasting: Bool

  init(_ reason: String, hint: String? = nil, isLasting: Bool = false) {
    (self.reason, self.hint, self.isLasting) = (reason, hint, isLasting)
  }
}
