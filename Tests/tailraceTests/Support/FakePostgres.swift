// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A server that speaks just so much of PostgreSQL's protocol that a stream is opened, and then sends what a test has.
///
/// Source: PostgreSQL manual, "Frontend/Backend Protocol".
final class FakePostgres: Sendable {
  /// A message: its tag, its length, its content.
  static func message(_ tag: Character, _ content: [UInt8] = []) -> [UInt8] {
    Array("\(tag)".utf8) + integer(Int32(content.count + 4)) + content
  }

  /// A frame of the stream.
  static func frame(_ content: [UInt8]) -> [UInt8] { message("d", content) }

  /// A frame with one of the plugin's messages.
  static func data(_ message: [UInt8], at lsn: Int64 = 0x100) -> [UInt8] {
    frame(Array("w".utf8) + integer(lsn) + integer(lsn) + integer(Int64(0)) + message)
  }

  static func error(_ severity: String, _ code: String, _ text: String) -> [UInt8] {
    let fields = [("S", severity), ("V", severity), ("C", code), ("M", text)]
    return fields.flatMap { Array("\($0)\($1)".utf8) + [0] } + [0]
  }

  static func integer(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }

  /// What it answers to a statement that has some words in it; the first that fits counts.
  static let usual: [(words: String, rows: [[String?]])] = [
    ("pg_inherits", catalogue), ("SHOW wal_level", [["logical"]]), ("pg_publication", [["1"]]),
    ("IDENTIFY_SYSTEM", [["7000000000000000001", "1", "0/FFFF", "shop"]]), ("wal_sender_timeout", [["60000"]]),
    ("SELECT confirmed_flush_lsn", [["0/100"]]), ("pg_is_in_recovery", [["f"]]),
    ("pg_replication_slots", [["pgoutput", "shop", "reserved", "0/100", "f", nil]]),
  ]

  private static let catalogue = [
    ["publication", "events", "true", "true", "16390", "700"],
    ["table", "0", "16384", "true", "0", "16384", "public", "outbox", "r", "p", "true", "", "false"],
  ].map { row in row + [String](repeating: "", count: 13 - row.count) }

  let port: UInt16
  private let listener: Int32
  private let answers: [(words: String, rows: [[String?]])]
  private let greeting: [UInt8]?
  private let version: String
  private let stream: @Sendable (Int32) -> Void
  private let heard = Mutex<[String]>([])

  /// Starts a server.
  ///
  /// - Parameters:
  ///   - greeting: what it says to whoever comes, instead of letting him in; an empty one says nothing for ever.
  ///   - version: the one that it says it has.
  ///   - answers: before the usual ones.
  ///   - stream: called with the socket once a stream was asked for; then the connection is closed.
  init(
    greeting: [UInt8]? = nil, version: String = "15.8", answers: [(words: String, rows: [[String?]])] = [],
    stream: @escaping @Sendable (Int32) -> Void = { _ in }
  ) throws {
    (listener, port) = try TCP.listen()
    self.greeting = greeting
    self.version = version
    self.answers = answers + Self.usual
    self.stream = stream
    Thread { self.accept() }.start()
  }

  /// What it was asked so far.
  var statements: [String] { heard.withLock(\.self) }

  func close() { shutdown(listener, Int32(SHUT_RDWR)) }

  /// The options of a stream from here.
  var options: [String] {
    [
      "stream", "--database", "host=127.0.0.1 port=\(port) user=u dbname=shop", "--publication", "events", "--slot",
      "s",
    ]
  }

  private func accept() {
    while case let socket = TCP.accept(listener), socket >= 0 {
      Thread {
        self.serve(socket)
        Foundation.close(socket)
      }.start()
    }
    Foundation.close(listener)
  }

  private func serve(_ socket: Int32) {
    while let length = read(4, socket), let words = read(Self.count(length) - 4, socket) {
      guard words.starts(with: Self.integer(Int32(196_608))) else {
        // A wish for encryption.
        guard TCP.send(Array("N".utf8), to: socket) else { return }
        continue
      }
      if let greeting {
        _ = TCP.send(greeting, to: socket)
        if greeting.isEmpty { while read(1, socket) != nil {} }
        return
      }
      let version = Array("server_version\0".utf8) + Array("\(version)\0".utf8)
      // Nobody has asked for its opinion.
      let notice = Self.message("N", Self.error("NOTICE", "00000", "hello \u{1B}]0;owned\u{7}\u{1B}[2J"))
      let hello =
        Self.message("R", Self.integer(Int32(0))) + notice + Self.message("S", version)
        + Self.message("K", Self.integer(Int64(1))) + Self.ready
      guard TCP.send(hello, to: socket) else { return }
      break
    }
    while let head = read(5, socket), let content = read(Self.count(Array(head[1...])) - 4, socket) {
      guard head[0] == UInt8(ascii: "Q") else { return }
      let statement = String(decoding: content.dropLast(), as: UTF8.self)
      heard.withLock { $0.append(statement) }
      if statement.hasPrefix("START_REPLICATION") {
        guard TCP.send(Self.message("W", [0, 0, 0]), to: socket) else { return }
        return stream(socket)
      }
      let isSetting = statement.hasPrefix("SET ")
      let rows = isSetting ? nil : answers.first { statement.contains($0.words) }?.rows
      // Settings that a query follows, in one go.
      let both = isSetting && statement.contains("set_config")
      let answer = both ? Self.message("C", Array("SET\0".utf8)) + Self.answer([["0"]]) : Self.answer(rows)
      guard TCP.send(answer, to: socket) else { return }
    }
  }

  private static let ready = message("Z", Array("I".utf8))

  private static func answer(_ rows: [[String?]]?) -> [UInt8] {
    guard let rows else { return message("C", Array("SET\0".utf8)) + ready }
    let count = rows.first?.count ?? 1
    let field = Array("c\0".utf8) + integer(Int32(0)) + integer(Int16(0)) + integer(Int32(25)) + integer(Int16(-1))
    let description =
      integer(Int16(count)) + (0..<count).flatMap { _ in field + integer(Int32(-1)) + integer(Int16(0)) }
    let data = rows.flatMap { row in
      message(
        "D",
        integer(Int16(row.count))
          + row.flatMap { $0.map { integer(Int32($0.utf8.count)) + Array($0.utf8) } ?? integer(Int32(-1)) })
    }
    return message("T", description) + data + message("C", Array("SELECT \(rows.count)\0".utf8)) + ready
  }

  private static func count(_ bytes: [UInt8]) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

  private func read(_ count: Int, _ socket: Int32) -> [UInt8]? {
    guard count >= 0, count < 1 << 20 else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    var got = 0
    while got < count {
      let more = bytes.withUnsafeMutableBytes { recv(socket, $0.baseAddress?.advanced(by: got), count - got, 0) }
      guard more > 0 else { return nil }
      got += more
    }
    return bytes
  }
}
