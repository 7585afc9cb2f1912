// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import TestStream
import Testing

/// Replacing a file that others replace too.
@Suite struct AtomicFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
  }

  @Test func `whoever decided before another came decides again`() throws {
    let path = directory.file("record")
    try AtomicFile.write("1", to: path)
    var asked = 0
    try AtomicFile.write("2", to: path, isShared: true) { () throws(SystemFailure) in
      asked += 1
      if asked == 1 { try AtomicFile.write("3", to: path, isShared: true) }
      return String(decoding: (try? directory.read("record")) ?? [], as: UTF8.self) < "2" || asked == 1
    }
    #expect(asked == 2)
    #expect(try directory.read("record") == Array("3".utf8), "what is later stays")
    #expect(try names == ["record"])
  }

  @Test func `what was left by those who died is removed, and nothing else`() throws {
    let path = directory.file("record")
    let others = [
      ".record.bak", ".record.new", ".record.new-", ".record.new-0123456789ab", ".record.new-0123456789abcd",
      ".other.new-0123456789abc", "record.new-0123456789abc",
    ]
    for name in others + [".record.new-0123456789abc", ".record.new-zzzzzzzzzzzzz"] {
      _ = try directory.write([1], name)
    }
    try AtomicFile.write("1", to: path, isShared: true)
    #expect(try names == (others + ["record"]).sorted())
  }

  @Test func `when others come between all the time it is given up`() throws {
    let path = directory.file("record")
    #expect(throws: SystemFailure.self) {
      try AtomicFile.write("2", to: path, isShared: true) { () throws(SystemFailure) in
        try AtomicFile.write("3", to: path, isShared: true)
        return true
      }
    }
    #expect(try names == ["record"])
  }
}
