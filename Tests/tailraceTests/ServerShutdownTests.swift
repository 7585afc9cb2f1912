// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct ServerShutdown {
    @Test(arguments: [15, 18])
    func `a fast shutdown is not held up while nothing happens`(version: Int) throws {
      try TestServer.with(version: version) { server in
        try server.withDatabase { database in
          let stream = try database.stream()
          try database.waitUntilStreaming()
          try database.psql("SELECT place(1);")
          try wait(until: "the event arrives") { stream.output.lineCount == 1 }
          #expect(try duration { try server.stop() } < 5)
          try server.start()
          try database.psql("SELECT place(2);")
          try wait(until: "the next event arrives") { stream.output.lineCount >= 2 }
          #expect(try Event.read(stream.output.lines).numbers == [1, 2])
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a fast shutdown is not held up by a reader who stalls, and everything is delivered later`(
      version: Int
    ) throws {
      try TestServer.with(version: version) { server in
        try server.withDatabase { database in
          let stream = try database.stream(reader: .stalled)
          try database.waitUntilStreaming()
          try database.psql("SELECT place(1, 20000); SELECT place(20001, 20002);")
          Thread.sleep(forTimeInterval: 1)
          #expect(try duration { try server.stop() } < 12)
          try server.start()
          stream.output.resume()
          try wait(until: "all is delivered", every: 0.1) { stream.output.lineCount >= 20_002 }
          stream.signal(SIGTERM)
          #expect(try stream.exitCodeAfterAllOutput() == 0)
          var seen: Set<String> = []
          let firsts = try Event.read(stream.output.lines).filter { seen.insert($0.id).inserted }
          #expect(firsts.numbers == Array(1...20_002))
        }
      }
    }
  }
}
