// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct ProgressLine {
    @Test func `on a terminal a stream into a file has a line that changes, unless it is to be quiet`() throws {
      try withDatabase { database in
        let stream = ["stream"] + database.names + ["--sink", "file:\(database.file)"]
        let end = ["--drain-timeout", "1s"]
        /// Runs it for some seconds with a terminal of its own, and gives what came there.
        func shown(_ options: [String], _ environment: [String: String] = [:]) throws -> String {
          let words = ["timeout", "-s", "TERM", "4", Tailrace.path] + stream + end + options
          let command = words.map { "'\($0)'" }.joined(separator: " ")
          let child = try database.start(
            "/usr/bin/script", ["-qec", command, "/dev/null"],
            environment: ["TERM": "xterm"].merging(environment) { $1 })
          _ = try child.exitCodeAfterAllOutput(within: 60)
          return child.output.text
        }
        try database.psql("SELECT place(1, 10);")
        let text = try shown([])
        #expect(text.contains("10 events") && text.contains("\u{1B}[K"), "\(text)")
        #expect(try !shown(["--quiet"]).contains("in flight"))
        #expect(try !shown([], ["TERM": "dumb"]).contains("\u{1B}"))
      }
    }

    @Test func `without a terminal there is a line of figures where one is asked for, and no other`() throws {
      try withDatabase { database in
        let plain = try database.streamToFile()
        try database.waitUntilStreaming()
        usleep(1_500_000)
        #expect(!plain.errors.text.contains("in flight"))
        plain.signal(SIGTERM)
        _ = try plain.exitCode()
        let stream = try database.streamToFile(["--report-interval", "300ms"])
        try database.psql("SELECT place(1, 10);")
        try wait(until: "figures are told") {
          stream.messages.contains { $0.contains("progress: 10 events delivered") }
        }
      }
    }

    @Test func `figures come as often as they were asked for`() throws {
      try withDatabase { database in
        let stream = try database.streamToFile(["--report-interval", "100ms"])
        try wait(until: "there are more than are said of other things") {
          stream.messages.count { $0.contains("progress: 0 events delivered") } > 25
        }
      }
    }

    @Test func `as JSON, each line of the log is an object, the error at the end too`() throws {
      try withDatabase { database in
        let stream = try database.stream(["--log-format", "json", "--sink", "file:/dev/full"])
        try database.psql("SELECT place(1);")
        #expect(try stream.exitCode() == 74)
        let lines = try stream.errors.lines.map { line in
          try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        }
        #expect(lines.count >= 2 && lines.allSatisfy { $0["time"]?.count == 20 && $0["message"] != nil })
        #expect(lines.last?["level"] == "error" && lines.last?["message"]?.contains("No space left") == true)
      }
    }
  }
}
