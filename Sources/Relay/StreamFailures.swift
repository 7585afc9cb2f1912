// SPDX-License-Identifier: Apache-2.0

import Delivery
package import PgOutput
package import PostgresWire

/// What a stream cannot go on after.
extension Failure {
  /// A message of the plugin that could not be read, at a position.
  package init(undecoded error: DecodeError, at lsn: LSN) { self.init(.protocol, Wording(error), lsn: lsn) }

  static let unclearAbort = Failure(
    .abortUnclear,
    "a subtransaction was rolled back, and the server does not say which logical messages of its transaction were its own",
    advice:
      "transactions are taken after their commit from now on; \(setting: "streaming", "off") does so from the start")
}
