import Foundation
import IntegrationEvents
import PostgresWire
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
  private func letter(_ id: String, key: String = "k", ordinal: UInt64 = 1) -> DeadLetter {
    DeadLetter(
      event: "{\"id\":\(JSONText.string(id)),\"data\":{\"a\": \"\\u00e9 \\\"\"}}", id: id, key: key,
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

  @Test func `pages are of one file, also when it is replaced meanwhile`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    let all = (1...1200 as ClosedRange<UInt64>).map { letter("\($0)", key: "\($0)", ordinal: $0) }
    try file.append(all)
    var seen: [String] = []
    try DeadLetterFile(path: path).forEachPage { (letters) throws(Failure) in
      seen += letters.map(\.id)
      try file.remove(Array(all.prefix(3)))
    }
    #expect(seen == all.map(\.id))
    let page = try file.letters(matching: LetterQuery(), after: nil, limit: 10)
    try file.remove(Array(all[3..<5]))
    let next = try file.letters(matching: LetterQuery(), after: page.next, limit: 10)
    #expect(next.letters.map(\.id) == all[5..<15].map(\.id), "a mark of another file begins anew")
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

  @Test func `a letter is put behind its key only while that is parked`() throws {
    let path = temporary()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = DeadLetterFile(path: path)
    #expect(try !file.appendBehindKey(letter("1")))
    try file.append([letter("1")])
    #expect(try file.appendBehindKey(letter("2", ordinal: 2)))
    #expect(try !file.appendBehindKey(letter("3", key: "other", ordinal: 3)))
    #expect(try file.all().map(\.id) == ["1", "2"])
  }

  @Test func `without a store the first refusal stops, naming event and position but no secret`() {
    let error = #expect(throws: Failure.self) { try DeadLetterOffice().keep([letter("evt-1")]) }
    #expect(error?.kind == .refused)
    #expect(error?.description.contains("evt-1") == true)
  }
}
