// SPDX-License-Identifier: Apache-2.0

import Foundation
import PostgresWire
import TestStream
import Testing

@testable import Capture

/// Work on a recording, which is somebody else's, never grows by the square.
@Suite(.serialized) struct ReadingWorkTests {
  @Test func `a line of a dump that is four times as long takes four times as long`() throws {
    let directory = try TemporaryDirectory()
    for text in ["6d", "\\155\\\\", "x"] {
      let growth = try Scaling.growth(300_000) { count in
        let path = directory.file("dump-\(count)")
        try "0/10|1|\(String(repeating: text, count: count / text.utf8.count))".write(
          toFile: path, atomically: false, encoding: .utf8)
        return path
      } work: { path in
        _ = readAll(path)
      }
      #expect(growth < Scaling.linear, "\(text)")
    }
  }

  @Test func `four times as many lines of a header take four times as long`() {
    let lines = Scaling.growth(300) { count in
      (0..<count).map { "key\($0) value\n" }.joined()
    } work: { text in
      _ = CaptureHeader(text: text)
    }
    #expect(lines < Scaling.linear)
    let tables = Scaling.growth(300) { count in
      (0..<count).map { "table.\($0) \($0 + 1),7,8 1:2,3:4 public.t\($0)\n" }.joined()
        + "system 1\ntimeline 1\ndatabase a\nslot a\npublication a\n"
    } work: { text in
      #expect(CaptureHeader(text: text) != nil)
    }
    #expect(tables < Scaling.linear)
  }
}
