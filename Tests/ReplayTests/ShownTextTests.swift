// SPDX-License-Identifier: Apache-2.0

import Octets
import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import tailrace

/// What `inspect` shows of anything: one line, and nothing in it that steers a terminal.
@Suite struct ShownTextTests {
  private static let pieces = [
    "a", "\u{1B}[2J", "\n", "\r", "\t", "\u{0}", "\u{7}", "\u{7F}", "\u{9B}31m", "\u{85}", "\u{202E}", "\u{2066}",
    "\u{2028}",
    "\u{200D}", "\u{FEFF}", "é", "\"", "\\", "{", "null", " ", "",
  ]

  @Test func `whatever names, values, prefixes and contents hold, inspect shows one line without controls`() throws {
    var random = Randomness(seed: 14)
    func text() -> String {
      let parts = (0..<Int.random(in: 0...6, using: &random)).map { _ in Self.pieces.randomElement(using: &random) ?? ""
      }
      return parts.joined().filter { $0 != "\0" }
    }
    func bytes() -> Cell {
      .rawText((0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
    for _ in 0..<500 {
      var decoder = Decoder()
      for message in [
        HandBuilt.begin(0x10), HandBuilt.type(16_400, text(), text()),
        HandBuilt.relation(1, text(), text(), columns: [.init(text()), .init(text(), 16_400), .init(text())]),
        HandBuilt.insert(1, [.text(text()), bytes(), nil]), HandBuilt.update(1, [.unchanged, bytes(), .text(text())]),
        HandBuilt.delete(1, key: [.text(text()), nil, .binary([0, 27, 255])]), HandBuilt.truncate([1, 2]),
        HandBuilt.message(text(), text()), HandBuilt.beginPrepare(0x10, end: 0x18, xid: 7, gid: text()),
      ] {
        let span = message.span.bytes
        let decoded = try decoder.decode(span)
        var relations = decoder.relations
        for shown in [
          MessageDescription.text(decoded, LSN(rawValue: 1), span, &relations),
          MessageDescription.json(decoded, LSN(rawValue: 1), span, &relations),
        ] {
          let line = "\(ForeignText(shown))"
          #expect(!line.utf8.contains { $0 < 0x20 || $0 == 0x7F })
          #expect(ForeignText(line).description == line)
        }
      }
    }
  }

  @Test func `a column's name is quoted where it could be taken for more than a name`() throws {
    var decoder = Decoder()
    let names = ["plain", "a: 1, b", "c:d", "{", "null", "e=f"]
    _ = try decoder.decode(HandBuilt.relation(1, "s", "t", columns: names.map { .init($0) }).span.bytes)
    let insert = HandBuilt.insert(1, names.indices.map { .text("v\($0)") })
    var relations = decoder.relations
    let shown = MessageDescription.text(
      try decoder.decode(insert.span.bytes), LSN(rawValue: 1), insert.span.bytes, &relations)
    #expect(
      shown.hasSuffix(##"{plain: v0, "a: 1, b": v1, "c:d": v2, "{": v3, "null": v4, e=f: v5}"##), "\(shown)")
  }
}
