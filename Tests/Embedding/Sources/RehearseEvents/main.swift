// SPDX-License-Identifier: Apache-2.0

import TailraceTesting

// What a test of an outbox would do: rows in, events out, no server.
let events = try Rehearsal().events(
  of: """
    INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('order', '1', 'OrderPlaced', '{"cents": 999}')
    """)
print(events.map { "\($0.type) \($0.key) \($0.text)" }.joined(separator: "\n"))
