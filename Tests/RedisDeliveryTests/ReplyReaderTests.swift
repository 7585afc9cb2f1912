// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import RedisDelivery

/// Replies as servers send them, in whatever pieces.
@Suite struct ReplyReaderTests {
  /// Each with what it means. Source: Redis serialization protocol specification.
  static let samples: [(String, Reply)] = [
    ("+OK\r\n", .text(Array("OK".utf8))), ("-ERR unknown\r\n", .error(Array("ERR unknown".utf8))),
    (":-42\r\n", .integer(-42)), (":+7\r\n", .integer(7)), ("$5\r\nhel\r\n\r\n", .text(Array("hel\r\n".utf8))),
    ("$0\r\n\r\n", .text([])), ("$-1\r\n", .null), ("*-1\r\n", .null), ("_\r\n", .null), ("#t\r\n", .boolean(true)),
    ("#f\r\n", .boolean(false)), (",1.5\r\n", .text(Array("1.5".utf8))),
    (
      "(12345678901234567890123\r\n",
      .text(Array("12345678901234567890123".utf8))
    ),
    ("!3\r\nBAD\r\n", .error(Array("BAD".utf8))), ("=6\r\ntxt:ab\r\n", .text(Array("ab".utf8))),
    ("*0\r\n", .list([])), ("~1\r\n:1\r\n", .list([.integer(1)])),
    ("%1\r\n+a\r\n:1\r\n", .list([.text([0x61]), .integer(1)])),
    ("*3\r\n:1\r\n*2\r\n*0\r\n$-1\r\n+x\r\n", .list([.integer(1), .list([.list([]), .null]), .text([0x78])])),
    ("|1\r\n+ttl\r\n:9\r\n:5\r\n", .integer(5)), ("|0\r\n:5\r\n", .integer(5)),
    ("*2\r\n:1\r\n|1\r\n+a\r\n*1\r\n+b\r\n:2\r\n", .list([.integer(1), .integer(2)])),
    (">2\r\n+invalidate\r\n_\r\n", .push([.text(Array("invalidate".utf8)), .null])),
    (":9223372036854775807\r\n", .integer(.max)), (":-9223372036854775808\r\n", .integer(.min)),
  ]

  @Test(arguments: samples) func `a reply is read whole, and in pieces of every size`(text: String, reply: Reply) throws
  {
    let bytes = Array((text + text).utf8)
    for size in 1...bytes.count {
      var reader = ReplyReader()
      var replies: [Reply] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        reader.append(bytes[start..<min(start + size, bytes.count)])
        while let next = try reader.next() { replies.append(next) }
      }
      #expect(replies == [reply, reply], "in pieces of \(size)")
    }
  }

  @Test(arguments: samples) func `a reply that is cut anywhere is none`(text: String, reply: Reply) throws {
    let bytes = Array(text.utf8)
    for end in 0..<bytes.count {
      var reader = ReplyReader()
      reader.append(bytes[..<end])
      let next = try reader.next()
      #expect(next == nil, "cut at \(end)")
    }
  }

  @Test(arguments: [
    ("HTTP/1.1 400 Bad Request\r\n", ReplyBreach.kind(UInt8(ascii: "H"))), ("\u{16}\u{3}\u{1}\r\n", .kind(0x16)),
    (":12a\r\n", .number), (":\r\n", .number), (":-\r\n", .number), (":9223372036854775808\r\n", .number),
    (":-9223372036854775809\r\n", .number), ("$-2\r\n", .number), ("*-2\r\n", .number), ("%-1\r\n", .number),
    ("!-1\r\n", .number), ("$999999999999999999\r\n", .tooLong), ("*999999999999999999\r\n", .tooLong),
    ("%9000000000000000000\r\n", .tooLong), ("*87382\r\n", .tooLong), ("$2\r\nabc\r\n", .noEnd), ("+a\n", .noEnd),
    ("\r\n", .noEnd), ("\n", .noEnd), ("_x\r\n", .noEnd), ("#x\r\n", .number), ("#tt\r\n", .number),
    ("=2\r\nab\r\n", .noEnd), ("=4\r\nabcd\r\n", .noEnd), ("$?\r\n", .number),
    (String(repeating: "*1\r\n", count: 17), .tooDeep),
  ])
  func `what is no reply is a breach, and no count is believed`(text: String, breach: ReplyBreach) {
    var reader = ReplyReader()
    reader.append(Array(text.utf8))
    #expect(throws: breach) { while let _ = try reader.next() {} }
  }

  @Test func `a reply without an end is given up at the limit`() {
    for (start, more) in [("+", "aaaaaaaaaa"), ("*80000\r\n", "$8\r\nbbbbbbbb\r\n")] {
      var reader = ReplyReader()
      reader.append(Array(start.utf8))
      #expect(throws: ReplyBreach.tooLong) {
        for _ in 0..<30_000 {
          reader.append(Array(more.utf8))
          _ = try reader.next()
        }
      }
    }
  }

  @Test func `a command is a list of bulk texts`() {
    let bytes = [UInt8].command(["GET", "größe", ""])
    #expect(String(decoding: bytes, as: UTF8.self) == "*3\r\n$3\r\nGET\r\n$7\r\ngröße\r\n$0\r\n\r\n")
  }
}
