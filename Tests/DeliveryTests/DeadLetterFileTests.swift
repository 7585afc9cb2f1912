// SPDX-License-Identifier: Apache-2.0

import Foundation
import IntegrationEvents
import PostgresWire
import Synchronization
import Testing

@testable import Delivery

extension DeadLetterStore {
  /// All letters, read in pages of two.
  fileprivate func all(matching query: LetterQuery = LetterQuery()) throws -> [DeadLetter] {
    var (all, mark): ([DeadLetter], LetterMark?) = ([], nil)
    repeat {
      let page = try letters(matching: query, after: mark, limit: 2)
      #expect(page.letters.count <= 2)
      all += page.letters
      mark = page.next
    } while mark != nil
    return all
  }
}

struct DeadLetterFileTests {
  private func letter(_ id: String, key: String = "k", of type: String = "order", ordinal: UInt64 = 1) -> DeadLetter {
    DeadLetter(
      event: "{\"id\":\(JSONText.string(id)),\"data\":{\"a\": \"\\u00e9 \\\"\"}}", id: id, type: "Placed",
      aggregateType: type, key: key,
      position: EventPosition(commitLSN: 7, ordinal: ordinal), reason: "status 422", status: 422, attempts: 2,
      firstAttempt: 1_700_000_000, lastAttempt: 1_700_000_009, sink: "https://orders.example/events")
  }

  private func temporary() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("letters-\(UUID().uuidString)").path
  }

  @Test func `a letter reads back as it was written`() {
    let written = letter("a\"b\n")
    #expect(DeadLetter(json: Array(written.json.utf8)) == written)
    #expect(!written.json.contains("\n"))
  }

  @Test func `letters of two slots about one event are two, and one that names none is of each`() throws {
    func one(_ ordinal: UInt64, of slot: String?) -> DeadLetter {
      var one = letter("\(ordinal)", ordinal: ordinal)
      one.slot = slot
      return one
    }
    #expect(DeadLetter(json: Array(one(1, of: "a").json.utf8)) == one(1, of: "a"))
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try DeadLetterFile(path: path).append([one(1, of: nil)])
    let file = DeadLetterFile(path: path)
    try file.append([one(1, of: "a"), one(2, of: "a"), one(2, of: "b")])
    try file.append([one(2, of: "a")])
    #expect(try file.all().map(\.slot) == [nil, "a", "b"])
    var query = LetterQuery()
    query.slot = "b"
    #expect(try file.all(matching: query).map(\.slot) == [nil, "b"])
    #expect(try file.appendBehindOthers(one(2, of: "b")) == .isThere)
    #expect(try file.appendBehindOthers(one(3, of: "c")) == .parked, "behind the one of nobody")
    try file.remove([one(1, of: nil), one(2, of: "a"), one(3, of: "c")])
    #expect(try file.all().map(\.slot) == ["b"])
    let again = DeadLetterFile(path: path)
    #expect(try again.appendBehindOthers(one(4, of: "a")) == .free, "another relay's letter holds up nobody")
    #expect(try again.appendBehindOthers(one(4, of: "b")) == .parked)
  }

  @Test func `letters stay in order, are removed one by one, and the file is private`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    #expect(try file.all().isEmpty)
    try file.append([letter("1", ordinal: 1), letter("2", ordinal: 2)])
    try file.append([letter("3", ordinal: 3)])
    #expect(try file.all().map(\.id) == ["1", "2", "3"])
    try file.remove([letter("2", ordinal: 2)])
    #expect(try file.all().map(\.id) == ["1", "3"])
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func `a line that is longer than any letter is refused, whole or not, and others are read`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    for end in ["", "\n"] {
      try Data((letter("1").json + "\n" + String(repeating: "x", count: 900_000) + end).utf8).write(
        to: URL(filePath: path))
      let file = try LetterLines.open(path)
      var lines = 0
      let error = #expect(throws: LetterFileError.self) {
        try LetterLines.forEach(in: file, longest: 400_000) { (_, _, _) throws(LetterFileError) in
          lines += 1
          return true
        }
      }
      guard case .tooLong(let offset) = error else {
        Issue.record("\(error as Any)")
        continue
      }
      #expect(lines == 1 && offset == Int64(letter("1").json.utf8.count + 1))
    }
    #expect(LetterLines.longest > 4 * DeadLetter.largestEvent)
  }

  @Test func `half a line from a crash is cut off, not built upon`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    try file.append([letter("1")])
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("{\"position\":\"00".utf8))
    try handle.close()
    try file.append([letter("2", ordinal: 2)])
    #expect(try file.all().map(\.id) == ["1", "2"])
  }

  @Test func `a last letter whose newline an editor took away is there, and stays`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data((letter("1").json + "\n" + letter("2", ordinal: 2).json).utf8).write(to: URL(filePath: path))
    let file = DeadLetterFile(path: path)
    #expect(try file.all().map(\.id) == ["1", "2"])
    try file.append([letter("3", ordinal: 3)])
    #expect(try file.all().map(\.id) == ["1", "2", "3"])
    try file.remove([letter("1")])
    #expect(try file.all().map(\.id) == ["2", "3"])
  }

  @Test func `pages go on where they were, also when the file is written anew meanwhile`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    let all = (1...1200 as ClosedRange<UInt64>).map { letter("\($0)", key: "\($0)", ordinal: $0) }
    try file.append(all)
    var seen: [String] = []
    try DeadLetterFile(path: path).forEachPage { (letters) throws(Failure) in
      seen += letters.map(\.id)
      try file.remove(Array(all.prefix(3)))
      try file.tidy()
    }
    #expect(seen == all.map(\.id))
    let page = try file.letters(matching: LetterQuery(), after: nil, limit: 10)
    try file.remove(Array(all[3..<5]))
    try file.tidy()
    let next = try file.letters(matching: LetterQuery(), after: page.next, limit: 10)
    #expect(next.letters.map(\.id) == all[13..<23].map(\.id))
  }

  @Test func `letters are read by their positions, however they came`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    let numbers = (1...700 as ClosedRange<UInt64>).shuffled()
    for piece in stride(from: 0, to: 700, by: 100) {
      try file.append(numbers[piece..<(piece + 100)].map { letter("\($0)", ordinal: $0) })
    }
    #expect(try file.all().map(\.position.ordinal) == Array(1...700))
  }

  @Test func `a letter that comes again is kept once`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let all = (1...20 as ClosedRange<UInt64>).map { letter("\($0)", ordinal: $0) }
    try DeadLetterFile(path: path).append(all)
    let file = DeadLetterFile(path: path)
    try file.append(Array(all[5...]) + [letter("21", ordinal: 21)])
    #expect(try file.all().map(\.position.ordinal) == Array(1...21))
    #expect(try file.appendBehindOthers(all[7]) == .isThere)
  }

  @Test func `what is removed is gone at once, and from the disk when many are`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    try file.append((1...9 as ClosedRange<UInt64>).map { letter("id-\($0)", ordinal: $0) })
    let size = try Data(contentsOf: URL(filePath: path)).count
    try file.remove(Array(try file.all()[2...4]))
    #expect(try file.all().map(\.id) == ["id-1", "id-2", "id-6", "id-7", "id-8", "id-9"])
    #expect(try Data(contentsOf: URL(filePath: path)).count == size)
    // Another one sees it too, and puts letters behind.
    try DeadLetterFile(path: path).append([letter("id-10", ordinal: 10)])
    try file.tidy()
    let text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
    #expect(!text.contains("id-3") && text.split(separator: "\n").count == 7)
    #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("{") })
  }

  @Test func `no text of others makes a second letter, or one that hides the rest`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    let forged = letter("forged", ordinal: 99).json
    let events = [
      "{}\n\(forged)\n{}", "\n\(forged)", "{\"a\":\n1}", "not json", "\u{1b}[2J", "{\"a\":",
      String(repeating: "[", count: 6000),
      "{\"a\":\(String(repeating: "[", count: 511))\(String(repeating: "]", count: 511))}",
      "{\"a\":\(String(repeating: "[", count: 6000))\(String(repeating: "]", count: 6000))}",
    ]
    for (index, text) in events.enumerated() {
      var odd = letter("\(index)", ordinal: UInt64(index + 1))
      odd.event = text
      odd.isEvent = index % 2 == 0
      (odd.id, odd.key, odd.reason, odd.sink) = (text, text, text, text)
      #expect(DeadLetter(json: Array(odd.json.utf8)) == odd)
      try file.append([odd])
    }
    let read = try file.all()
    #expect(read.map(\.event) == events)
    #expect(read.map(\.isEvent) == events.indices.map { $0 % 2 == 0 })
    let bytes = Array(try Data(contentsOf: URL(filePath: path)))
    #expect(bytes.count { $0 == 0x0A } == events.count && bytes.allSatisfy { $0 >= 0x20 || $0 == 0x0A })
  }

  @Test(arguments: [false, true])
  func `what is mended at the end of the file is told, also by who only gives back room`(tidies: Bool) throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let notices = Mutex<[String]>([])
    let file = DeadLetterFile(path: path, onNotice: { notice in notices.withLock { $0.append("\(notice)") } })
    try file.append([letter("1"), letter("2", ordinal: 2)])
    let whole = try Data(contentsOf: URL(filePath: path))
    for (content, words) in [
      (whole + Data(#"{"position":"00"#.utf8), "cut off 15 bytes"), (whole.dropLast(), "no newline"),
    ] {
      try content.write(to: URL(filePath: path))
      if tidies {
        try file.remove([letter("1")])
        try file.tidy()
        #expect(try file.all().map(\.id) == ["2"])
      } else {
        try file.append([letter("3", ordinal: 3)])
        #expect(try file.all().map(\.id) == ["1", "2", "3"])
      }
      let told = notices.withLock { notices in
        defer { notices = [] }
        return notices
      }
      #expect(told.count == 1 && told[0].contains(words) && told[0].contains(path), "\(told)")
    }
  }

  @Test func `empty lines say nothing`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("\n\(letter("1").json)\n\n\(letter("2", ordinal: 2).json)\n\n".utf8).write(to: URL(filePath: path))
    let file = DeadLetterFile(path: path)
    #expect(try file.all().map(\.id) == ["1", "2"])
    try file.append([letter("3", ordinal: 3)])
    #expect(try file.all().map(\.id) == ["1", "2", "3"])
  }

  @Test(arguments: ["something else", "something else\n", "{}\n{\"position\":\"00"])
  func `a file that holds something else is left alone`(text: String) throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(text.utf8).write(to: URL(filePath: path))
    let error = #expect(throws: Failure.self) { try DeadLetterFile(path: path).append([letter("1")]) }
    #expect(error?.kind == .letters)
    #expect(try String(contentsOf: URL(filePath: path), encoding: .utf8) == text)
  }

  @Test func `a letter is put behind its aggregate only while that is parked, and only behind`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    #expect(try file.appendBehindOthers(letter("3", ordinal: 3)) == .free)
    try file.append([letter("3", ordinal: 3)])
    #expect(try file.appendBehindOthers(letter("4", ordinal: 4)) == .parked)
    #expect(try file.appendBehindOthers(letter("2", ordinal: 2)) == .ahead, "it stands before the letter")
    #expect(try file.appendBehindOthers(letter("5", key: "other", ordinal: 5)) == .free)
    #expect(try file.appendBehindOthers(letter("6", of: "customer", ordinal: 6)) == .free, "the id of another type")
    #expect(try file.all().map(\.id) == ["3", "4"])
    // Another process redrives them.
    let other = DeadLetterFile(path: path)
    try other.remove(try other.all())
    #expect(try file.appendBehindOthers(letter("7", ordinal: 7)) == .free)
    try other.tidy()
    #expect(try file.appendBehindOthers(letter("7", ordinal: 7)) == .free)
  }

  @Test func `an id that only looks like another is another's`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    try file.append([letter("1", key: "caf\u{e9}")])
    #expect(try file.appendBehindOthers(letter("2", key: "cafe\u{301}", ordinal: 2)) == .free)
    #expect(try file.all(matching: LetterQuery(key: "cafe\u{301}")).isEmpty)
  }

  @Test func `letters are found by all that is asked for`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    var second = letter("2", of: "customer", ordinal: 2)
    (second.type, second.reason, second.lastAttempt) = ("Named", "Status 503", 1_700_000_100)
    try file.append([letter("1"), second])
    func found(_ change: (inout LetterQuery) -> Void) throws -> [String] {
      var query = LetterQuery()
      change(&query)
      return try file.all(matching: query).map(\.id)
    }
    #expect(try found { $0.type = "Named" } == ["2"])
    #expect(try found { $0.aggregateType = "order" } == ["1"])
    #expect(try found { $0.reason = "status 4" } == ["1"])
    #expect(try found { $0.reason = "status" } == ["1", "2"])
    #expect(try found { $0.times = 1_700_000_009..<1_700_000_010 } == ["1"])
    #expect(try found { $0.times = 1_700_000_010..<(.max) } == ["2"])
    #expect(try found { ($0.key, $0.type) = ("k", "Placed") } == ["1"])
  }

  @Test func `without a store the first refusal stops, naming event and position but no secret`() {
    DeadLetterOffice().keep([letter("evt-1")]) { error in
      #expect(error?.kind == .refused)
      #expect(error?.description.contains("evt-1") == true)
    }
  }
}
