// SPDX-License-Identifier: Apache-2.0

import Files
package import PostgresWire

/// Our records of what has been confirmed, as somebody finds them who only looks.
package enum RecordInspection {
  /// The position in a checkpoint that belongs to a stream; nil when there is none yet.
  ///
  /// - Parameter stream: nil where nobody could tell which it is.
  package static func checkpoint(_ path: String, of stream: StreamIdentity?) throws(Failure) -> LSN? {
    let checkpoint = try Checkpoint(path: path)
    if let stream { try checkpoint.check(stream) }
    return checkpoint.resume?.lsn
  }

  /// How far a checkpoint says that the rows have come that were there before the slot; nil where it says nothing.
  package static func initialRows(_ path: String) -> InitialRows? {
    do throws(Failure) { return try Checkpoint(path: path).initialRows } catch { return nil }
  }

  /// Why a stream would not go on from a slot that is ahead of the records; nil when it would.
  ///
  /// - Parameter records: up to where each of them has it confirmed.
  package static func gap(_ slot: String, confirmed: LSN, records: [LSN]) -> Failure? {
    guard let earliest = records.min(), PositionLedger.isAhead(confirmed, of: earliest) else { return nil }
    return PositionLedger.gap(slot, confirmed, earliest)
  }
}
