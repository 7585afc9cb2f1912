// SPDX-License-Identifier: Apache-2.0

/// A row of a statement's answer: its values as text, nil for NULL. Where a server answers with fewer columns than were asked
/// for, what is missing is NULL too.
package struct SQLRow: RandomAccessCollection, Hashable, Sendable {
  private let values: [String?]

  package init(_ values: [String?]) {
    self.values = values
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { values.count }
  package subscript(_ column: Int) -> String? { values.indices.contains(column) ? values[column] : nil }
}
