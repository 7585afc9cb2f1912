// SPDX-License-Identifier: Apache-2.0

import Capture
import PgOutput
import PostgresWire

// Prints every row that a dump inserts, column by column.
var reader = try CaptureReader(path: CommandLine.arguments[1])
var decoder = Decoder()
var failure: DecodeError?
while failure == nil {
  let supply = try reader.receive { frame in
    do throws(DecodeError) {
      let message = frame.extracting(droppingFirst: ReplicationFrame.XLogData.payloadOffset)
      guard case .insert(let insert) = try decoder.decode(message) else { return .more }
      let version = try decoder.relation(of: insert.new, insert.relationID, in: message)
      let relation = decoder.relations[version]
      insert.new.forEachColumn(in: message) { index, value in
        guard case .text(let range) = value else { return }
        let text = message.extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        print("\(relation.qualifiedName).\(relation.columns[index].name) = \(text)")
      }
      return .more
    } catch {
      failure = error
      return .enough
    }
  }
  if supply == .ended { break }
}
if let failure { throw failure }
