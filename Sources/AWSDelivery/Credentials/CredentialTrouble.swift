// SPDX-License-Identifier: Apache-2.0

import Delivery
import PostgresWire

/// Why there are no credentials now.
struct CredentialTrouble: Error, Hashable {
  /// What somebody who mends it has to know; never a secret.
  let reason: String
  let hint: Wording?
  /// Whom it concerns: what only somebody who mends it can help ends a start.
  let subject: TroubleSubject

  init(_ reason: String, hint: Wording? = nil, _ subject: TroubleSubject) {
    (self.reason, self.hint, self.subject) = (reason, hint, subject)
  }

  init(_ reason: String, hint: Wording? = nil, isLasting: Bool = false) {
    self.init(reason, hint: hint, isLasting ? .credentials : .server)
  }
}
