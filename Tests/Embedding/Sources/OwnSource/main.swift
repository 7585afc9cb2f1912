// SPDX-License-Identifier: Apache-2.0

import FileDelivery
import Logging
import OutboxMapping
import PostgresWire
import Relay

/// A source of one's own: here one transaction with one logical message.
struct Letterbox: FrameSource {
  let identity = StreamIdentity(systemIdentifier: "1", timeline: 1, database: "shop", slot: "own", publication: "own")
  let flushLSN = LSN.zero
  let descriptor: PollDescriptor? = nil
  let heartbeat: Duration? = nil

  mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    let content = Array(#"{"type": "OrderPlaced", "aggregateid": "1", "payload": {"cents": 999}}"#.utf8)
    let commit: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 16]
    let time = [UInt8](repeating: 0, count: 8)
    let begin = Array("B".utf8) + commit + time + [0, 0, 0, 7]
    let message = Array("M".utf8) + [1] + commit + Array("outbox\0".utf8) + [0, 0, 0, UInt8(content.count)] + content
    let end = Array("C".utf8) + [0] + commit + [0, 0, 0, 0, 0, 0, 0, 24] + time
    for bytes in [begin, message, end] {
      let frame = ReplicationFrame.xLogData(start: LSN(rawValue: 16), sentAt: .now, payload: bytes)
      if visit(frame.span.bytes) == .enough { return .paused }
    }
    return .ended
  }

  mutating func send(_ status: StandbyStatus) throws(Failure) { print("confirmed up to \(status.flush)") }
  mutating func finish() throws(Failure) {}
}

var mapping = MappingConfiguration()
mapping.messagePrefixes = ["outbox"]
var relay = Relay(RelayConfiguration(mapping: mapping), log: Logger(label: "embedding"))
_ = try relay.run(
  open: { (_) throws(Failure) in Letterbox() }, sink: { (_) throws(Failure) in try StandardOutputSink() })
