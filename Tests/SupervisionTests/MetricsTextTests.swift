// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervision

struct MetricsTextTests {
  @Test func `what would end a label or a line is escaped`() {
    #expect(MetricsText.escaped("a\"b\\c\nd") == #"a\"b\\c\nd"#)
    var text = MetricsText()
    text.begin("x_total", .counter, "It counts.")
    text.sample("x_total", [("a", "\"")], 3)
    text.sample("x_total", [], 0.5)
    #expect(text.text == "# HELP x_total It counts.\n# TYPE x_total counter\nx_total{a=\"\\\"\"} 3\nx_total 0.5\n")
  }
}
