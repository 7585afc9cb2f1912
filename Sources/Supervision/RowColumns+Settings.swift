// SPDX-License-Identifier: Apache-2.0

import OutboxMapping
package import Settings
package import TableSource

extension RowColumns {
  /// The columns of the roles, as they are set.
  package init(_ settings: OutboxSettings) {
    self.init(
      id: settings.names(of: .id), key: settings.names(of: .aggregateID), type: settings.names(of: .type),
      time: settings.names(of: .time))
  }
}
