// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite(.enabled(if: FakeClock.isAvailable, "needs clang")) struct Clocks {
    @Test func `when the clock jumps a day forward and back, events go on in order, and nothing spins`() throws {
      try TestServer.with(settings: ["autovacuum": "off"]) { server in
        try server.withDatabase { database in
          let clock = try FakeClock(in: database.files)
          let receiver = try WebServer { $0.number % 10 == 0 ? .init(503) : .init(200) }
          defer { receiver.close() }
          let secret = database.files.file("secret")
          try "whsec_\(Data(repeating: 7, count: 32).base64EncodedString())".write(
            toFile: secret, atomically: true, encoding: .utf8)
          let stream = try database.tailrace(
            ["stream"] + database.names + ["--sink", receiver.url, "--signing-secret-file", secret],
            environment: clock.environment)
          for (round, days) in [0, 1, -1, 0].enumerated() {
            let writer = try database.session()
            try writer.write("CALL place_one_by_one(\(round * 200 + 1), \(round * 200 + 200), 0.002);\n")
            writer.closeInput()
            try wait(until: "events flow") { receiver.taken.count > round * 200 + 50 }
            // In mid-stream, with attempts and pauses under way, and once in mid-reconnect.
            try clock.move(days: days)
            if round == 2 { try database.terminateWalsender() }
            #expect(try writer.exitCode() == 0)
            try wait(until: "all is delivered") { receiver.taken.count >= (round + 1) * 200 }
            let seen = Self.daysOff(try #require(receiver.requests.last))
            #expect(seen == days, "the program sees what the test does")
            try database.waitUntilConfirmed(receiver.taken)
            try expectIdle(stream)
          }
          stream.signal(SIGTERM)
          #expect(try stream.exitCode() == 0)
          let firsts = receiver.taken.firsts
          #expect(firsts.numbers.sorted() == Array(1...800))
          #expect(firsts.isOrderedPerKey)
        }
      }
    }

    private func expectIdle(_ stream: ChildProcess) throws {
      Thread.sleep(forTimeInterval: 0.3)
      let before = try ProcessFacts.processorTicks(stream.pid)
      Thread.sleep(forTimeInterval: 1)
      #expect(try ProcessFacts.processorTicks(stream.pid) - before < 5, "in hundredths of a second")
    }

    /// How far the program's clock was from the real one when it signed a request, in days.
    private static func daysOff(_ request: WebServer.Request) -> Int {
      let signed = request.headers["webhook-timestamp"].flatMap { Double($0) } ?? 0
      return Int(((signed - Date().timeIntervalSince1970) / 86_400).rounded())
    }
  }
}
