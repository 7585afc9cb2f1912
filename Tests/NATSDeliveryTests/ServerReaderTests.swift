// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NATSDelivery

/// What servers send, in whatever pieces it comes.
@Suite struct ServerReaderTests {
  private static let words =
    "INFO {\"max_payload\":1}\r\nPING\r\n+OK\r\n-ERR 'Stale Connection'\r\nMSG a.1 1 5\r\nhello\r\npong\r\n"
    + "HMSG a.2 1 reply 12 16\r\nNATS/1.0\r\n\r\nbody\r\nHMSG a.3 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\nMSG a.4 1 0\r\n\r\n"

  private static func read(_ pieces: [[UInt8]]) throws -> [ServerWord] {
    var reader = ServerReader()
    var words: [ServerWord] = []
    for piece in pieces {
      reader.append(piece)
      while let word = try reader.next() { words.append(word) }
    }
    return words
  }

  private static let expected: [ServerWord] = [
    .info(Array(" {\"max_payload\":1}".utf8)), .ping, .ok, .error(" 'Stale Connection'"),
    .message(.init(subject: Array("a.1".utf8), status: nil, payload: Array("hello".utf8))), .pong,
    .message(.init(subject: Array("a.2".utf8), status: nil, payload: Array("body".utf8))),
    .message(.init(subject: Array("a.3".utf8), status: 503, payload: [])),
    .message(.init(subject: Array("a.4".utf8), status: nil, payload: [])),
  ]

  @Test func `words are the same in one piece and cut at every byte`() throws {
    let bytes = Array(Self.words.utf8)
    #expect(try Self.read([bytes]) == Self.expected)
    for cut in bytes.indices { #expect(try Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == Self.expected) }
    #expect(try Self.read(bytes.map { [$0] }) == Self.expected)
  }

  @Test(arguments: [
    ("HTTP/1.1 400 Bad Request\r\n", WordBreach.unknown), ("\r\n", .unknown), ("PING\n", .noEnd),
    ("MSG a 1\r\n", .malformed), ("MSG a 1 x\r\n", .malformed), ("MSG a 1 b c d 5\r\n", .malformed),
    ("MSG a 1 -1\r\n", .malformed), ("MSG a 1 134217729\r\n", .messageTooLong),
    ("MSG a 1 99999999999999999999\r\n", .messageTooLong), ("HMSG a 1 9 5\r\n", .malformed),
    ("HMSG a 1 5\r\n", .malformed), ("MSG a 1 2\r\nabcd", .noEnd),
    ("INFO " + String(repeating: "x", count: 70_000), .lineTooLong),
  ])
  func `what is no word is refused, before anything is waited for`(text: String, breach: WordBreach) {
    #expect(throws: breach) { try Self.read([Array(text.utf8)]) }
  }

  @Test func `a message that is too long to keep is passed over, and what follows is read`() throws {
    let long = ServerReader.messageLimit + 1
    let bytes =
      Array("MSG a 1 \(long)\r\n".utf8) + Array(repeating: UInt8(ascii: "\n"), count: long) + Array("\r\nPING\r\n".utf8)
    let expected: [ServerWord] = [
      .message(.init(subject: Array("a".utf8), status: nil, payload: [], isWhole: false)), .ping,
    ]
    #expect(try Self.read([bytes]) == expected)
    for cut in [5, 20, long / 2, long + 15, long + 16, long + 17, long + 18, bytes.count - 1] {
      #expect(try Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected)
    }
    #expect(throws: WordBreach.noEnd) { try Self.read([Array(bytes.dropLast(8)) + Array("xx".utf8)]) }
  }

  @Test func `answers of streams are told apart`() {
    func answer(_ text: String) -> StreamAnswer { StreamAnswer(Array(text.utf8)) }
    #expect(answer(#"{"stream":"events","seq":3}"#) == .stored(.init(stream: "events", sequence: 3)))
    #expect(
      answer(#" { "stream" : "a\u00fc\ud83d\ude00" , "seq":1,"duplicate": true,"domain":"x"} "#)
        == .stored(.init(stream: "aü😀", domain: "x", sequence: 1, isDuplicate: true)))
    #expect(
      answer(#"{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"},"stream":"e","seq":0}"#)
        == .error(status: 503, code: 10077, text: "maximum messages exceeded"))
    for text in [
      "", "+OK", "{}", "[]", #"{"stream":"e"}"#, #"{"stream":"e","seq":0}"#, #"{"stream":"","seq":1}"#,
      #"{"stream":1,"seq":1}"#,
      #"{"stream":"e","seq":1.5}"#, #"{"stream":"e","seq":99999999999999999999}"#, #"{"stream":"e","seq":1}x"#,
      #"{"stream":"\ud800","seq":1}"#, #"{"stream":"e","seq":1"#, String(repeating: "[", count: 100_000),
    ] {
      #expect(answer(text) == .other, "\(text.prefix(40))")
    }
  }

  @Test func `an answer is found by its number in any order, and once`() {
    var ledger = AnswerLedger<String>()
    #expect(["a", "b", "c"].map { ledger.add($0) } == [1, 2, 3])
    #expect(ledger.take(2) == "b" && ledger.take(2) == nil && ledger.take(0) == nil && ledger.take(9) == nil)
    #expect(ledger.oldest?.element == "a" && ledger.count == 2)
    #expect(ledger.first { $0 == "c" } == 3)
    #expect(ledger.take(1) == "a" && ledger.oldest?.element == "c" && ledger.oldest?.number == 3)
    #expect(ledger.add("d") == 4)
    #expect(ledger.drain() == ["c", "d"] && ledger.isEmpty && ledger.add("e") == 5 && ledger.take(5) == "e")
  }
}
