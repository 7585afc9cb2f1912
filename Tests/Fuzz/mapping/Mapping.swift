// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import OutboxMapping
import PgOutput
import PostgresWire

/// Input: messages, each behind its length in two bytes. Whatever rows and logical messages they hold, each becomes one
/// line of valid JSON or an error.
@_cdecl("LLVMFuzzerTestOneInput")
public func map(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
  var configuration = MappingConfiguration()
  configuration.messagePrefixes = ["outbox"]
  configuration.textPayloadIsJSON = count % 2 == 0
  var outbox = EventMapper(configuration)
  outbox.beginTransaction(commitLSN: LSN(rawValue: 1), commitTime: PostgresTimestamp(rawValue: 0))
  let encoder = EnvelopeEncoder(envelope: .cloudevents)
  var decoder = Decoder()
  var offset = 0
  while offset + 2 <= input.count {
    let end = min(input.count, offset + 2 + (Int(input[offset]) << 8 | Int(input[offset + 1])))
    let message = input.span.bytes.extracting((offset + 2)..<end)
    offset = end
    guard let decoded = try? decoder.decode(message) else { continue }
    var outcome: EventMapper.Outcome?
    switch decoded {
    case .insert(let insert):
      guard let version = try? decoder.relation(of: insert.new, insert.relationID, in: message) else { continue }
      outcome = try? outbox.insert(insert, of: version, in: decoder.relations, message: message, lsn: .zero)
    case .logicalMessage(let logical): outcome = try? outbox.message(logical, in: message, lsn: .zero)
    default: continue
    }
    guard let outcome, outcome != .none else { continue }
    var line: [UInt8] = []
    var noted: [EncodedAttribute] = []
    guard (try? outbox.write(outcome, message, with: encoder, into: &line, &noted)) != nil else { continue }
    precondition(line.last == UInt8(ascii: "\n") && !line.dropLast().contains(UInt8(ascii: "\n")), "not one line")
  }
  return 0
}
