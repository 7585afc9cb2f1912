// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import TestStream
import Testing

@Suite struct OpenFileTests {
  private func file(_ text: String, _ body: (String) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("file")
    try Data(text.utf8).write(to: URL(filePath: path))
    try body(path)
  }

  @Test func `a range is read whole or not at all`() throws {
    try file("abcdef") { path in
      let opened = try OpenFile(reading: path)
      let (some, none) = (try opened.read(1..<4), try opened.read(6..<6))
      #expect(some == Array("bcd".utf8))
      #expect(none.isEmpty)
      #expect(throws: SystemFailure(number: ENODATA)) { try opened.read(4..<7) }
    }
  }

  @Test func `a torn last line is cut off and the last whole one found`() throws {
    for (text, left, last) in [
      ("", 0, ""), ("torn", 0, ""), ("one\n", 4, "one\n"), ("one\ntwo\ntor", 8, "two\n"), ("\n", 1, "\n"),
      ("one\n" + String(repeating: "x", count: 200_000), 4, "one\n"),
      (String(repeating: "y", count: 200_000) + "\nz", 200_001, String(repeating: "y", count: 200_000) + "\n"),
    ] as [(String, Int64, String)] {
      try file(text) { path in
        let opened = try OpenFile.appending(to: path, .record)
        let whole = try opened.wholeLength()
        try opened.truncate(to: whole)
        let size = try opened.status().size
        #expect(whole == left && size == left)
        let line = try opened.lastLine(before: left)
        #expect(line == Array(last.utf8))
      }
    }
  }

  @Test func `a descriptor that cannot be looked at is an error, not a device`() {
    #expect(throws: SystemFailure(number: EBADF)) { try OpenFile(borrowing: .max).isRegular }
  }

  @Test func `a file is locked for one`() throws {
    try file("") { path in
      let first = try OpenFile.appending(to: path, .record)
      let isOurs = try first.lock()
      let isTheirsToo = try OpenFile.appending(to: path, .record).lock()
      #expect(isOurs && !isTheirsToo)
    }
  }

  @Test func `a small file is text of a bounded length`() throws {
    try file("a text\n") { path in
      let text = try SmallFile.read(path)
      #expect(text == "a text\n")
    }
    try file(String(repeating: "x", count: SmallFile.limit)) { path in
      let text = try SmallFile.read(path)
      #expect(text?.utf8.count == SmallFile.limit)
    }
    try file(String(repeating: "x", count: SmallFile.limit + 1)) { path in
      #expect(throws: SystemFailure(number: EFBIG)) { try SmallFile.read(path) }
    }
    try file("x") { path in
      try Data([0xFF]).write(to: URL(filePath: path))
      #expect(throws: SystemFailure(number: EILSEQ)) { try SmallFile.read(path) }
      #expect(try SmallFile.read(path + ".gone") == nil)
    }
  }

  @Test func `a watched file is read again when it changes and kept when it goes`() throws {
    try file(" one \n") { path in
      let watched = try WatchedFile(path: path)
      #expect(watched.current.text == "one" && watched.current.failure == nil)
      try AtomicFile.write("two", to: path)
      #expect(watched.current.text == "two" && watched.current.failure == nil)
      try FileManager.default.removeItem(atPath: path)
      #expect(watched.current.text == "two" && watched.current.failure == SystemFailure(number: ENOENT))
      #expect(throws: SystemFailure.self) { try WatchedFile(path: path) }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `a watched file that becomes something else is told, does not hold anybody up, and is read again afterwards`()
    throws
  {
    try file("one") { path in
      let watched = try WatchedFile(path: path)
      let (manager, start) = (FileManager.default, ContinuousClock.now)
      let plants: [(what: String, plant: () throws -> Void)] = [
        ("gone", {}), ("a pipe", { #expect(mkfifo(path, 0o600) == 0) }),
        ("a directory", { try manager.createDirectory(atPath: path, withIntermediateDirectories: false) }),
        ("a link", { try manager.createSymbolicLink(atPath: path, withDestinationPath: "nowhere") }),
        ("no UTF-8", { try Data([0xFF]).write(to: URL(filePath: path)) }),
        ("long", { try Data(repeating: 0x78, count: SmallFile.limit + 1).write(to: URL(filePath: path)) }),
      ]
      for (number, (what, plant)) in plants.enumerated() {
        try? manager.removeItem(atPath: path)
        try plant()
        let (text, failure) = watched.current
        #expect(text == (number == 0 ? "one" : "well \(number - 1)"), "\(what)")
        #expect(failure != nil, "\(what)")
        try? manager.removeItem(atPath: path)
        try Data("well \(number)".utf8).write(to: URL(filePath: path))
        #expect(watched.current.text == "well \(number)" && watched.current.failure == nil, "\(what)")
      }
      #expect(ContinuousClock.now - start < .seconds(9))
    }
  }

  @Test func `of a watched file a change that keeps its time and its length is seen`() throws {
    try file("one") { path in
      let watched = try WatchedFile(path: path)
      let time = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.write(contentsOf: Data("two".utf8))
      try handle.close()
      try FileManager.default.setAttributes([.modificationDate: time as Any], ofItemAtPath: path)
      #expect(watched.current.text == "two" && watched.current.failure == nil)
    }
  }

  @Test func `replacement keeps permissions and a link, and touches no name that somebody could foresee`() throws {
    let directory = try TemporaryDirectory()
    let (target, link) = (directory.file("target"), directory.file("link"))
    _ = try directory.write(Array("old".utf8), "target")
    _ = try directory.write(Array("mine".utf8), "target.new")
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: target)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    try AtomicFile.write("new", to: link, .named)
    #expect(try directory.read("target") == Array("new".utf8))
    #expect(try directory.read("target.new") == Array("mine".utf8))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
    #expect(try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int == 0o640)
    #expect(try directory.names().sorted() == ["link", "target", "target.new"], "nothing is left behind")
  }

  @Test func `a name that cannot be looked at is an error, not a missing file`() throws {
    let directory = try TemporaryDirectory()
    let loop = directory.file("loop")
    try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: loop)
    #expect(throws: SystemFailure.self) { try FileStatus(path: loop) }
    #expect(throws: SystemFailure.self) { try SmallFile.read(loop) }
    #expect(try FileStatus(path: directory.file("none")) == nil)
    #expect(try FileStatus(path: directory.file("none/none")) == nil)
  }
}
