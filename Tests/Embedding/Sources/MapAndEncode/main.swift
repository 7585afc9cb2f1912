// SPDX-License-Identifier: Apache-2.0

import Capture
import IntegrationEvents
import OutboxMapping
import PgOutput
import PostgresWire

// Maps the rows of a dump and encodes them, without a relay.
var reader = try CaptureReader(path: CommandLine.arguments[1])
var configuration = MappingConfiguration()
configuration.database = reader.identity.database
var (decoder, mapper) = (Decoder(), EventMapper(configuration))
let encoder = EnvelopeEncoder(envelope: .cloudevents)
var (lines, notes): ([UInt8], [EncodedAttribute]) = ([], [])
var failure: (any Error)?
while failure == nil {
  let supply = try reader.receive { frame in
    do {
      let message = frame.extracting(droppingFirst: ReplicationFrame.XLogData.payloadOffset)
      switch try decoder.decode(message) {
      case .begin(let begin): mapper.beginTransaction(commitLSN: begin.finalLSN, commitTime: begin.commitTime)
      case .insert(let insert):
        let version = try decoder.relation(of: insert.new, insert.relationID, in: message)
        let outcome = try mapper.insert(insert, of: version, in: decoder.relations, message: message, lsn: .zero)
        if outcome != .none { _ = try mapper.write(outcome, message, with: encoder, into: &lines, &notes) }
      default: break
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
print(String(decoding: lines, as: UTF8.self), terminator: "")
