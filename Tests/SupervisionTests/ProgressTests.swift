// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Relay
import Testing

@testable import Supervision

struct ProgressTests {
  @Test func `a backlog has a bar with what is left, a stream that keeps up has none`() {
    var progress = Progress()
    var status = RelayStatus()
    status.phase = .streaming
    (status.start, status.end) = (LSN(rawValue: 1000), LSN(rawValue: 1000 + (100 << 20)))
    status.received = status.end
    status.confirmed = status.start
    let start = ContinuousClock.now
    #expect(progress.line(status, now: start).contains("░░░░ 0 %"))
    status.confirmed = LSN(rawValue: 1000 + (25 << 20))
    status.counts.deliveredEvents = 500
    let line = progress.line(status, now: start + .seconds(1))
    #expect(
      line.contains("█████░") && line.contains("25 %, 3.0 s left") && line.contains("500 events, 500/s"), "\(line)")
    status.confirmed = status.end
    #expect(!progress.line(status, now: start + .seconds(2)).contains("░"))
    #expect(progress.report(status, now: start + .seconds(3)).hasPrefix("progress: 500 events delivered, "))
  }
}
