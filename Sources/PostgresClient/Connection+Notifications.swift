// SPDX-License-Identifier: Apache-2.0

import CLibpq
package import PostgresWire

/// What the server sends without being asked.
extension Connection {
  /// Whether the connection has gone, as far as what has arrived tells. Notifications wait.
  package var isLost: Bool { unsafe PQconsumeInput(connection) != 1 || PQstatus(connection) != CONNECTION_OK }

  /// Takes what has arrived without waiting; tells whether a notification was among it. Throws when the connection is gone.
  package func takeNotifications() throws(Failure) -> Bool {
    guard !isLost else { throw lost() }
    var hasCome = false
    while let notification = unsafe PQnotifies(connection) {
      unsafe PQfreemem(notification)
      hasCome = true
    }
    return hasCome
  }
}
