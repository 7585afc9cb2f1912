// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PostgresClient

/// Work on what is given and what a server says never grows by the square.
@Suite(.serialized) struct WordingWorkTests {
  @Test func `a server's words that are four times as long take four times as long`() {
    for text in ["connection to server ", "FATAL:  28P01: \"x\"\n", ":  a:", "\u{1B}[2J\"\u{202E}"] {
      let growth = Scaling.growth(800) {
        String(repeating: text, count: $0)
      } work: { words in
        #expect(!"\(ServerErrors.connecting(words, needsPassword: false))".isEmpty)
        #expect(!"\(ServerErrors.error(words, sqlState: "28000"))".isEmpty)
      }
      #expect(growth < Scaling.linear, "\(text)")
    }
  }

  @Test func `a connection string with four times as many hosts takes four times as long`() {
    let strings: [(Int) -> String] = [
      { "host=" + (0..<$0).map { "h\($0)" }.joined(separator: ",") + " port=1" },
      { "postgresql://" + (0..<$0).map { "h\($0):1" }.joined(separator: ",") + "/d" },
      { "postgresql://" + String(repeating: "@", count: 10 * $0) },
      { String(repeating: "host=a ", count: $0) },
    ]
    for string in strings {
      let growth = Scaling.growth(400) {
        string($0)
      } work: { text in
        _ = try? ConnectionString.check(text)
      }
      #expect(growth < Scaling.linear, "\(string(1))")
    }
  }
}
