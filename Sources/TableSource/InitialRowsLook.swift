// SPDX-License-Identifier: Apache-2.0

import PostgresClient
package import PostgresWire

/// What a stream would find that is to begin with the rows that were there before its slot. Takes none of them.
package struct InitialRowsLook: Hashable, Sendable {
  /// Where the slot begins.
  package let start: LSN
  /// How many rows there were.
  package let count: UInt64

  /// Looks. Fails with what a stream would end with.
  ///
  /// - Parameter confirmed: up to where the slot is confirmed; nil where that is not known.
  package init(_ request: InitialRowsRequest, confirmed: LSN?) throws(Failure) {
    let reader = try InitialRowsReader(request)
    try reader.requireReadable()
    try reader.requireFirst(request.slot, confirmed: confirmed)
    (start, count) = (reader.start, reader.count)
  }
}
