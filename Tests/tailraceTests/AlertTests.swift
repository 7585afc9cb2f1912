// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What the manual gives to whoever watches relays.
  @Suite(.enabled(if: Monitoring.isThere, "needs Prometheus")) struct Alerts {
    private static let resources = URL(filePath: #filePath)
      .appending(path: "../../../Sources/tailrace/Manual.docc/Resources").standardizedFileURL.path

    @Test func `promtool finds the rules right`() throws {
      let said = try ChildProcess.run(Monitoring.promtool, ["check", "rules", "\(Self.resources)/alerts.yml"])
      #expect(said.contains("SUCCESS: 12 rules found"))
    }

    @Test func `the dashboard is JSON, and every metric in it and in the rules is one that is told`() throws {
      try withDatabase { database in
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        try page.wait(untilReady: true, within: 20)
        let metrics = try #require(page.get("/metrics")).body
        for file in ["alerts.yml", "dashboard.json"] {
          let data = try Data(contentsOf: URL(filePath: "\(Self.resources)/\(file)"))
          if file.hasSuffix("json") { _ = try JSONSerialization.jsonObject(with: data) }
          let names = Set(
            String(decoding: data, as: UTF8.self).matches(of: /(tailrace|process)_[a-z_]+/).map { String($0.0) })
          #expect(names.count > 8)
          for name in names {
            // What there is only where the log is limited.
            if name == "tailrace_wal_left_bytes" { continue }
            let whole = name.hasSuffix("_bucket") ? String(name.dropLast(7)) : name
            #expect(metrics.contains("# TYPE \(whole) "), "\(file): \(name)")
          }
        }
      }
    }
  }
}
