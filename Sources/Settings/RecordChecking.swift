// SPDX-License-Identifier: Apache-2.0

import FileDelivery
import Files
import Operations
import PostgresWire
import Relay

/// The checkpoint.
extension RelaySettings {
  /// - Parameters:
  ///   - recorded: the position in a file that is the output, where it has one.
  func checkpointCheck(_ found: Doctor.Examination, besides recorded: LSN?) -> Check? {
    guard let checkpoint else { return recorded.flatMap { gapCheck(found, [$0]) } }
    let lsn: LSN?
    do throws(Failure) {
      lsn = try RecordInspection.checkpoint(checkpoint, of: found.identity)
    } catch {
      let isOther = error.kind == .wrongStream
      return Check(
        .checkpoint, .failure, error.what, means: "a stream does not start with it",
        todo: isOther
          ? [
            "move \(checkpoint) to another name, or name another one with \(setting: "checkpoint"): a stream then goes on from the "
              + "slot's own position"
          ] : [error.advice].compactMap(\.self))
    }
    if let gap = gapCheck(found, [lsn, recorded].compactMap(\.self)) { return gap }
    guard let lsn else {
      do throws(SystemFailure) { try Directory.check(Directory.of(checkpoint)) } catch {
        return Check(
          .checkpoint, .failure, "\(Directory.of(checkpoint)) cannot be written to: \(error.text)",
          means: "no checkpoint can be made there", todo: ["make the directory, writable for the relay"])
      }
      return Check(.checkpoint, .ok, "there is none yet at \(checkpoint)", means: "it will be made")
    }
    return Check(
      .checkpoint, .ok, "\(checkpoint) is this stream's, at \(lsn)",
      means: "what was delivered before does not come again when the server goes back")
  }

  private func gapCheck(_ found: Doctor.Examination, _ records: [LSN]) -> Check? {
    guard !acceptGap, let confirmed = found.confirmed,
      let gap = RecordInspection.gap(source.slot, confirmed: confirmed, records: records)
    else { return nil }
    return Check(
      .checkpoint, .failure, gap.what,
      means: "somebody else has moved the slot or made it anew: events in between may be missing",
      todo: [
        "look in the outbox table for rows in between that are not delivered, then start the stream once with "
          + "\(setting: "accept-gap")"
      ])
  }
}
