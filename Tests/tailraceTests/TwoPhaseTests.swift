// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct TwoPhase {
    private func withTwoPhaseSlot(_ version: Int, _ body: (OutboxDatabase) throws -> Void) throws {
      try TestServer.with(version: version) { server in
        try server.withDatabase("") { database in
          try database.psql(OutboxDatabase.schema)
          try database.makeSlot(twoPhase: true)
          try body(database)
        }
      }
    }

    @Test(arguments: [15, 18])
    func `prepared rows come out once, when they are committed, and never when they are rolled back`(
      version: Int
    ) throws {
      try withTwoPhaseSlot(version) { database in
        let stream = try database.streamToFile()
        try database.psql(
          """
          BEGIN; SELECT place(1); SELECT place(2); PREPARE TRANSACTION 'kept';
          BEGIN; SELECT place(3); PREPARE TRANSACTION 'dropped';
          SELECT place(4);
          """)
        try wait(until: "the other row arrives") { database.fileLines.count == 1 }
        try database.psql("ROLLBACK PREPARED 'dropped'; COMMIT PREPARED 'kept'; SELECT place(5);")
        try wait(until: "all is delivered") { database.fileLines.count >= 4 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        let events = try Event.read(database.fileLines)
        #expect(events.numbers == [4, 1, 2, 5])
        #expect(events.isInCommitOrder)
      }
    }

    @Test(arguments: [15, 18], [SIGTERM, SIGKILL])
    func `prepared rows come out once although it ends between PREPARE and COMMIT PREPARED`(
      version: Int, signal: Int32
    ) throws {
      try withTwoPhaseSlot(version) { database in
        let first = try database.streamToFile()
        try database.psql("BEGIN; SELECT place(1); PREPARE TRANSACTION 'kept'; SELECT place(2);")
        try wait(until: "the other row arrives") { database.fileLines.count == 1 }
        Thread.sleep(forTimeInterval: 1.5)
        first.signal(signal)
        _ = try first.exitCode()
        try database.psql("SELECT place(3); COMMIT PREPARED 'kept'; SELECT place(4);")
        _ = try database.rest(["--sink", "file:\(database.file)"])
        _ = try database.rest(["--sink", "file:\(database.file)"])
        #expect(try Event.read(database.fileLines).numbers == [2, 3, 1, 4])
      }
    }
  }
}
