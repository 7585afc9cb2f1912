// SPDX-License-Identifier: Apache-2.0

import TailraceTesting
import Testing

extension Integration {
  /// What is rehearsed without a server is what a server and the program make of it.
  @Suite struct Rehearsals {
    private static let table = """
      CREATE TABLE outbox (
        id uuid PRIMARY KEY, aggregatetype varchar(20) NOT NULL DEFAULT 'order', aggregateid text NOT NULL,
        type text, payload json, version smallint DEFAULT 3, occurred_at timestamp with time zone,
        headers jsonb, traceparent text);
      """

    private static let rows = #"""
      INSERT INTO outbox (id, aggregateid, type, payload, occurred_at, headers) VALUES
        ('00000000-0000-4000-8000-00000000000A', 'Grüße''s', 'Placed', '{"n": 1e400, "s": "\u0000 \" é"}', '2026-02-03T04:05:06.7Z', '{"a": true}'),
        ('00000000-0000-4000-8000-00000000000b', $$2$$, E'Pla\\ced', NULL, '1999-12-31 23:59:59+00', NULL);
      BEGIN; INSERT INTO outbox (id, aggregateid, type) VALUES (gen_random_uuid(), '3', 'Never'); ROLLBACK;
      BEGIN;
      INSERT INTO outbox VALUES ('00000000-0000-4000-8000-00000000000c', 'refund', '4', 'Sent', '[]'::json, DEFAULT,
        '2026-01-01 00:00:00+02'::timestamptz, DEFAULT, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
      COMMIT;
      """#

    @Test func `a script has the events that a server has for it`() throws {
      let schema = Self.table + "CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');"
      try Integration.withDatabase(15, schema) { database in
        try database.psql(Self.rows)
        // Database and positions are the server's own.
        func shape(_ line: String) -> String {
          line.replacing(#/"source":"[^"]*",|"sequence":"[^"]*",/#, with: "")
        }
        let rehearsed = try Rehearsal().events(of: Self.table + Self.rows).map(\.line)
        let streamed = try database.rest()
        #expect(streamed.count == 3 && rehearsed.map(shape) == streamed.map(shape))
      }
    }
  }
}
