// SPDX-License-Identifier: Apache-2.0

/// Which rows of outbox tables: those that have all that is named. Values are compared as the columns' types do.
package struct RowSelection: Hashable, Sendable {
  /// The events' ids; none for any.
  package var ids: [String] = []
  /// The aggregate id.
  package var key: String?
  /// The event type.
  package var type: String?
  /// Not before this, as RFC 3339 writes it.
  package var since: String?
  /// Before this.
  package var before: String?

  package init() {}
}

/// Under which names an outbox has what rows are found by. The first that a table has counts.
package struct RowColumns: Hashable, Sendable {
  package var id: [String]
  package var key: [String]
  package var type: [String]
  package var time: [String]

  package init(id: [String], key: [String], type: [String], time: [String]) {
    (self.id, self.key, self.type, self.time) = (id, key, type, time)
  }
}
