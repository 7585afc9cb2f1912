// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite(.enabled(if: Monitoring.isThere, "needs Prometheus")) struct Metrics {
    @Test func `promtool finds the metrics clean, whatever a row's type is, and types are bounded`() throws {
      try withDatabase { database in
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        try database.psql(
          #"""
          INSERT INTO outbox (aggregateid, type) SELECT n, 'T' || n FROM generate_series(1, 200) n;
          INSERT INTO outbox (aggregateid, type) VALUES ('a', E'b"\\ö{}=,#');
          """#)
        try wait(until: "all is written") { database.fileLines.count == 201 }
        let metrics = try #require(page.get("/metrics")).body
        #expect(try ChildProcess.run(Monitoring.promtool, ["check", "metrics"], input: metrics) == "")
        let types = metrics.split(separator: "\n").filter { $0.hasPrefix("tailrace_events_total{") }
        #expect(types.count == 101)
        #expect(types.contains { $0.contains(#"type="other""#) && $0.hasSuffix(" 101") }, "\(types)")
      }
    }

    @Test func `a type is escaped as the format wants it`() throws {
      try withDatabase { database in
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        try database.psql(#"INSERT INTO outbox (aggregateid, type) VALUES ('a', E'b"\\ö{}=,#');"#)
        try wait(until: "it is written") { database.fileLines.count == 1 }
        let metrics = try #require(page.get("/metrics")).body
        #expect(try ChildProcess.run(Monitoring.promtool, ["check", "metrics"], input: metrics) == "")
        let line = #"tailrace_events_total{relay="\#(database.slot)",table="public.outbox",type="b\"\\ö{}=,#","#
        #expect(metrics.contains(line + #"outcome="delivered"} 1"#), "\(metrics)")
      }
    }

    @Test func `what Prometheus has scraped is what the file holds, whatever happens to the connection`() throws {
      try withDatabase { database in
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        let directory = database.files.file("prometheus")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let configuration = """
          global: {scrape_interval: 1s}
          scrape_configs: [{job_name: tailrace, static_configs: [{targets: ["127.0.0.1:\(page.port)"]}]}]
          """
        try Data(configuration.utf8).write(to: URL(filePath: directory + "/prometheus.yml"))
        let port = try WebServer.freePort()
        _ = try database.start(
          Monitoring.prometheus,
          [
            "--config.file=\(directory)/prometheus.yml", "--storage.tsdb.path=\(directory)/data",
            "--web.listen-address=127.0.0.1:\(port)",
          ])
        for round in 0..<4 {
          try database.psql(
            "SELECT place(\(round * 500 + 1), \(round * 500 + 500)); INSERT INTO outbox (aggregateid, type) VALUES ('x', 'Rare');"
          )
          try database.terminateWalsender()
        }
        try wait(until: "all is written", within: 60) {
          Set(try Event.read(database.fileLines).map(\.id)).count == 2004
        }
        let lines = try Event.read(database.fileLines)
        let prometheus = AdminPage(port: port)
        func ask(_ query: String) -> String? {
          let path = "/api/v1/query?query=" + (query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
          return prometheus.get(path)?.body
        }
        for type in ["Placed", "Rare"] {
          let count = lines.count { $0.type == type }
          try wait(until: "\(type) is counted", within: 60, every: 0.5) {
            ask(#"tailrace_events_total{type="\#(type)",outcome="delivered"}"#)?.contains("\"\(count)\"]") ?? false
          }
        }
        try wait(until: "the total is counted", within: 60, every: 0.5) {
          ask("tailrace_events_settled_total")?.contains("\"\(lines.count)\"]") ?? false
        }
        #expect(ask("sum(tailrace_reconnects_total) > 0")?.contains("\"value\"") == true)
        #expect(ask("tailrace_transactions_delivered_total == 8")?.contains("\"value\"") == true)
        #expect(ask("tailrace_commit_to_deliver_seconds_count == 8")?.contains("\"value\"") == true)
      }
    }
  }
}
