// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct RedrivesBesideStreams {
    @Test(arguments: ["redrive", "drop"])
    func `an event that is parked just as the letters before it go is no second delivery, and is not forgotten`(
      command: String
    ) throws {
      try withDatabase { database in
        let isMended = Flag()
        let server = try WebServer { request in .init(!isMended.isSet && request.holds(1) ? 422 : 200) }
        defer { server.close() }
        let place = "table:public.dead_letters"
        let setup = try database.tailrace(["setup"] + database.names + ["--dead-letter-table", "public.dead_letters"])
        #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        let stream = try database.stream(
          to: server, ["--on-poison", "dead-letter", "--dead-letters", place, "--park-key"])
        try database.place(1...10, keys: 1)
        func letters() throws -> Int { Int(try database.psql("SELECT count(*) FROM dead_letters")) ?? 0 }
        try wait(until: "all are parked") { try letters() == 10 }

        // The next letter has seen the others, and is not there yet. To wait for a lock would be given up.
        try database.psql(
          """
          CREATE TABLE held ();
          INSERT INTO held DEFAULT VALUES;
          CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN WHILE EXISTS (SELECT FROM public.held) LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN NEW; END';
          CREATE TRIGGER hold BEFORE INSERT ON dead_letters FOR EACH ROW EXECUTE FUNCTION hold();
          """)
        func waiting(_ event: String) throws -> Bool {
          try database.psql(
            """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = '\(event)';
            """) == "1"
        }
        isMended.set()
        try database.psql("SELECT place(11, 'k0')")
        try wait(until: "its letter waits") { try waiting("PgSleep") }

        let sink = command == "redrive" ? ["--sink", server.url] : []
        let going = try database.tailrace(
          ["dead-letters", command, "--database", database.connection, "--dead-letters", place, "--key", "k0"] + sink)
        try wait(until: "the others are gone") { try letters() == 0 }
        try wait(until: "it waits for the letter") { try waiting("relation") }
        try database.psql("DELETE FROM held")
        #expect(try going.exitCode() == 0, "\(going.errors.text)")
        if command == "redrive" {
          #expect(try letters() == 0)
          #expect(server.taken.numbers == Array(1...11))
        } else {
          #expect(going.errors.text.contains("dropped 10 dead letters"))
          #expect(going.errors.text.contains("1 more was kept meanwhile"), "\(going.errors.text)")
          #expect(try letters() == 1)
        }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
      }
    }
  }
}
