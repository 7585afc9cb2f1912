// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Rotation {
    @Test func `files start anew at a size, and together they have every row once`() throws {
      try withDatabase { database in
        for round in 0..<3 {
          let stream = try database.streamToFile(["--rotate-size", "50kB"])
          try database.psql("CALL place_one_by_one(\(round * 500 + 1), \(round * 500 + 500));")
          try wait(until: "all is delivered", every: 0.1) { try database.allLines().count >= round * 500 + 500 }
          // The last time killed, so that a start must find its place without a last word.
          stream.signal(round == 1 ? SIGKILL : SIGTERM)
          _ = try stream.exitCode()
        }
        let events = try Event.read(database.allLines())
        #expect(events.numbers == Array(1...1500))
        for name in try FileManager.default.contentsOfDirectory(atPath: database.files.path) {
          let size = try FileManager.default.attributesOfItem(atPath: database.files.file(name))[.size] as? Int ?? .max
          #expect(size <= 50_000)
        }
      }
    }

    @Test func `on SIGHUP a file starts anew, also after it was moved away, and nothing is lost or doubled`() throws {
      try withDatabase { database in
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 3000, 0.0005);\n")
        writer.closeInput()
        let stream = try database.streamToFile()
        // A signal that comes before it is listened to ends the program.
        try database.waitUntilStreaming()
        for round in 0..<6 {
          Thread.sleep(forTimeInterval: 0.3)
          if round % 2 == 0, FileManager.default.fileExists(atPath: database.file) {
            // Named so that it sorts as the sink's own names do.
            let last = try Event.read(database.fileLines).last?.sequence ?? "0"
            try FileManager.default.moveItem(atPath: database.file, toPath: "\(database.file).\(last).moved")
          }
          stream.signal(SIGHUP)
        }
        #expect(try writer.exitCode() == 0)
        try wait(until: "all is delivered", every: 0.1) { try database.allLines().count >= 3000 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        #expect(try Event.read(database.allLines()).numbers.sorted() == Array(1...3000))
      }
    }
  }

  @Suite struct Until {
    @Test(arguments: [15, 18])
    func `up to the present means all that was committed, and no more`(version: Int) throws {
      try withDatabase(version) { database in
        #expect(try database.rest() == [])
        try database.psql("SELECT place(1, 10); SELECT place(11);")
        #expect(try Event.read(database.rest()).numbers == Array(1...11))
        #expect(try database.rest() == [])
      }
    }

    @Test func `up to a position means the transactions that were committed by then`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1); SELECT place(2, 4);")
        let position = try database.position()
        try database.psql("SELECT place(5); SELECT place(6);")
        #expect(try Event.read(database.rest(["--until", position])).numbers == [1, 2, 3, 4])
        #expect(try Event.read(database.rest()).numbers == [5, 6])
      }
    }
  }
}
