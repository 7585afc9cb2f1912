import Foundation
import Testing

extension Integration {
  @Suite struct Memory {
    @Test func `a transaction of a million rows takes less than 40 MB`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          try database.psql("SELECT place(1, 1000000);", within: 120)
          try database.psql("SELECT place(1000001);")
          let stream = try database.stream(["--sink", "file:/dev/null"])
          let last = try database.position()
          var peak = 0
          try wait(until: "all is confirmed", within: 180, every: 0.2) {
            peak = try max(peak, ProcessFacts.peakMemory(stream.pid))
            return try database.hasConfirmed(last)
          }
          #expect(peak < 40_000, "in kB")
          stream.signal(SIGTERM)
          #expect(try stream.exitCode() == 0)
          #expect(stream.errors.text.contains("1000001 events"))
        }
      }
    }
  }
}
