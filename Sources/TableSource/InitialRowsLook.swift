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
  /// - Parameters:
  ///   - known: how far the rows have come, as the output or the checkpoint has it.
  ///   - confirmed: up to where the slot is confirmed; nil where that is not known.
  package init(_ request: InitialRowsRequest, known: InitialRows?, confirmed: LSN?) throws(Failure) {
    var reader = try InitialRowsReader(request)
    let known = known.flatMap { $0.start == reader.start ? $0 : nil }
    if known?.isDone != true {
      try reader.requireReadable()
      try reader.requireFirst(request.slot, confirmed: confirmed)
      if let known { try reader.arrange(as: known.layout, slot: request.slot) }
    }
    (start, count) = (reader.start, reader.count)
  }
}
