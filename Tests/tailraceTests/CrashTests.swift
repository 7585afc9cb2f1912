// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Crash {
    @Test(arguments: [15, 18])
    func `killed twenty times at random moments, it loses, doubles and tears no line of the file`(
      version: Int
    ) throws {
      try withDatabase(version) { database in
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 4000, 0.0005);\nSELECT place(4001, 6000);\n")
        writer.closeInput()
        for _ in 0..<20 {
          let stream = try database.streamToFile()
          Thread.sleep(forTimeInterval: .random(in: 0.02...0.25))
          try stream.kill9()
        }
        #expect(try writer.exitCode(within: 60) == 0)
        _ = try database.rest(["--sink", "file:\(database.file)"])
        let events = try Event.read(database.fileLines)
        #expect(events.numbers == Array(1...6000))
        #expect(events.isInCommitOrder)
        #expect(events.isOrderedPerKey)
        #expect(Set(events.map(\.id)).count == 6000)
        #expect(try String(contentsOfFile: database.file, encoding: .utf8).hasSuffix("\n"))
      }
    }

    @Test func `a torn last line is cut off and written again whole`() throws {
      try withDatabase { database in
        try database.psql("CALL place_one_by_one(1, 5);")
        let first = try database.streamToFile()
        try wait(until: "all is delivered") { database.fileLines.count == 5 }
        try first.kill9()
        let whole = try String(contentsOfFile: database.file, encoding: .utf8)
        try database.psql("CALL place_one_by_one(6, 8);")
        let handle = try #require(FileHandle(forUpdatingAtPath: database.file))
        try handle.truncate(atOffset: UInt64(whole.utf8.count - 7))
        try handle.close()
        _ = try database.rest(["--sink", "file:\(database.file)"])
        let text = try String(contentsOfFile: database.file, encoding: .utf8)
        #expect(text.hasPrefix(whole.wholeLines.dropLast().joined(separator: "\n")))
        // What had been confirmed before the line was torn cannot come again; nothing else may be missing.
        let numbers = try Event.read(text.wholeLines).numbers
        #expect(numbers == Array(1...8) || numbers == [1, 2, 3, 4, 6, 7, 8])
      }
    }

    @Test func `killed while its reader stalls, it delivers to the next reader what the first did not get`() throws {
      try withDatabase { database in
        try database.psql("CALL place_one_by_one(1, 3000);")
        let stream = try database.stream(reader: .stalled)
        try database.waitUntilStreaming()
        Thread.sleep(forTimeInterval: 0.5)
        try stream.kill9()
        stream.output.resume()
        try wait(until: "the pipe is read") { stream.output.isComplete }
        let first = try Event.read(stream.output.lines).numbers
        let second = try Event.read(database.rest()).numbers
        #expect(first == Array(1..<first.count + 1))
        #expect(Set(first + second) == Set(1...3000))
        #expect(second == Array((3001 - second.count)..<3001))
      }
    }
  }
}
