// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What `tailrace contracts check --against` is compared with: naming the wrong place must not turn it off.
@Suite struct ContractBaselines {
  private func check(_ arguments: [String], code: Int32, in directory: String) throws -> ChildProcess {
    let line = #"cd "$1" && shift && exec "$@""#
    let child = try ChildProcess(
      "/bin/sh", ["-c", line, "sh", directory, Tailrace.path, "contracts", "check"] + arguments)
    #expect(try child.exitCodeAfterAllOutput() == code, "\(child.errors.text)\n\(child.output.text)")
    return child
  }

  /// Contracts that were committed, with a version that was changed since.
  private func withChange(_ body: (TemporaryDirectory) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    try directory.contracts(["Placed/1.avsc": ContractFiles.avro, "Placed/2.avsc": ContractFiles.avro])
    try directory.commit("v1")
    try directory.contracts(["Placed/2.avsc": ContractFiles.avro.replacing("int", with: "long")])
    try body(directory)
  }

  @Test(arguments: [".", "contracts/Placed", "v1:contracts", "./nowhere", "/nowhere"])
  func `a place that has none of the contracts is refused`(place: String) throws {
    try withChange { directory in
      try FileManager.default.createDirectory(
        atPath: directory.file("below/contracts"), withIntermediateDirectories: true)
      let child = try check(["contracts", "--against", place], code: 78, in: directory.path)
      #expect(child.complaint != nil && child.output.text.isEmpty, "\(child.output.text)")
    }
  }

  @Test func `one that has nothing is told, and all counts as new`() throws {
    try withChange { directory in
      try directory.contracts(["x": ""], in: "empty/.git")
      let empty = try check(["contracts", "--against", "empty"], code: 0, in: directory.path)
      #expect(empty.output.text.contains("all 2 versions here count as new"), "\(empty.output.text)")
      try FileManager.default.moveItem(atPath: directory.file("contracts"), toPath: directory.file("kontrakte"))
      let moved = try check(["kontrakte", "--against", "v1"], code: 0, in: directory.path)
      #expect(
        moved.output.lines.contains { $0.hasPrefix("remark: v1: there are no contracts in kontrakte; all 2") },
        "\(moved.output.text)")
    }
  }

  @Test func `a directory of a commit's name is compared with, and that is told`() throws {
    try withChange { directory in
      try directory.contracts(
        ["Placed/1.avsc": ContractFiles.avro, "Placed/2.avsc": ContractFiles.avro.replacing("int", with: "long")],
        in: "v1")
      let both = try check(["contracts", "--against", "v1"], code: 0, in: directory.path)
      #expect(both.output.text.contains("the directory was compared with"), "\(both.output.text)")
      let sure = try check(["contracts", "--against", "./v1"], code: 0, in: directory.path)
      #expect(!sure.output.text.contains("was compared with"), "\(sure.output.text)")
      let commit = try check(["contracts", "--against", "refs/tags/v1"], code: 65, in: directory.path)
      #expect(commit.output.text.contains("was changed after it was published"), "\(commit.output.text)")
    }
  }

  @Test func `what cannot be used there is told, and what was taken away can be put back by the line`() throws {
    try withChange { directory in
      try directory.contracts(["Placed/2.avsc": ContractFiles.avro, "Placed/3.avsc": "{"])
      try directory.commit("v2")
      try directory.contracts(["Placed/3.avsc": ContractFiles.avro])
      try FileManager.default.removeItem(atPath: directory.file("contracts/Placed/2.avsc"))
      let child = try check(["contracts", "--against", "v2"], code: 65, in: directory.path)
      let line = child.output.lines.first { $0.contains("not compared, since it cannot be used there") }
      #expect(line?.hasPrefix("remark: v2:contracts/Placed/3.avsc:1: Placed 3: ") == true, "\(child.output.text)")
      let advice = try #require(child.output.lines.last?.components(separatedBy: "put it back: ").last)
      #expect(advice == "git checkout v2 -- contracts/Placed/2.avsc", "\(child.output.text)")
      _ = try ChildProcess.run(
        "/usr/bin/git", ["-C", directory.path] + advice.split(separator: " ").dropFirst().map(String.init))
      _ = try check(["contracts", "--against", "v2"], code: 0, in: directory.path)
    }
  }

  @Test func `a directory above or below that of the contracts is told which may be meant`() throws {
    try withChange { directory in
      let plain = try check(["."], code: 78, in: directory.path)
      #expect(
        plain.errors.text.contains("contracts/ below it looks like the directory; or else"), "\(plain.errors.text)")
      try directory.contracts(["contracts.yaml": "strict: false\n"])
      let above = try check(["."], code: 78, in: directory.path)
      #expect(above.complaint?.contains("there is no contract in ./") == true, "\(above.errors.text)")
      #expect(above.errors.text.contains("contracts/ below it looks like the directory"), "\(above.errors.text)")
      let below = try check(["contracts/Placed"], code: 78, in: directory.path)
      #expect(below.errors.text.contains("name the directory above"), "\(below.errors.text)")
      let unnamed = try check([""], code: 78, in: directory.path)
      #expect(unnamed.errors.text.contains("the directory's name is empty"), "\(unnamed.errors.text)")
    }
  }

  @Test(arguments: [
    ("contracts.yml", "name it contracts.yaml"), ("Paid/04.avsc", "without zeros before it"),
    ("Paid/v4.avsc", "name it by its version"), ("Paid/4.AVSC", "ending in lower case"),
    ("Paid/11111111111111111111111.avsc", "name it by its version"), ("shop/OrderX/1.json", "shop%2FOrderX"),
    ("shop%/1.json", "a percent in a type is %25"), ("1.avsc", "OrderPlaced/1.avsc"),
  ])
  func `a file that is no contract by its name is told how to name it`(name: String, words: String) throws {
    try withChange { directory in
      try directory.contracts([name: "{}"])
      let child = try check(["contracts"], code: 65, in: directory.path)
      #expect(
        child.output.lines.first { $0.contains("neither contracts.yaml") }?.contains(words) == true,
        "\(child.output.text)")
    }
  }

  @Test(arguments: [
    (
      "types:\n  Placed:\n    accepted: [2 after 1, 2 after 1]\n",
      "contracts.yaml:3: accepted: 2 after 1 is there twice"
    ),
    ("types:\n  Placed:\n    accepted: [02 after 1]\n", "contracts.yaml:3: accepted: this is no pair"),
    (
      "types:\n  Placed:\n    accepted:\n      - 1 after 2\n",
      "contracts.yaml:4: Placed: accepted: there is no 1 after 2"
    ),
    ("types:\n  a%2Fb: {strict: true}\n", "here a type is written as it is: a/b"),
  ])
  func `what is wrong in contracts yaml is told with its line`(text: String, words: String) throws {
    try withChange { directory in
      try directory.contracts(["contracts.yaml": text, "a%2Fb/1.json": "{}"])
      let child = try check(["contracts"], code: 65, in: directory.path)
      #expect(child.output.text.contains(words), "\(child.output.text)")
    }
  }

  @Test func `contracts by which data can be too large are remarked on where that is asked`() throws {
    try withChange { directory in
      try directory.contracts(["Paid/1.json": #"{"type": "string", "maxLength": 4}"#, "Noted/1.json": "{}"])
      let child = try check(["contracts", "--max-payload", "20B", "--json"], code: 0, in: directory.path)
      let sizes = child.output.lines.filter { $0.contains("\"code\":\"size\"") }
      #expect(sizes.count == 3 && sizes.first?.contains("any size") == true, "\(child.output.text)")
      #expect(try check(["contracts"], code: 0, in: directory.path).output.text.isEmpty)
    }
  }

  /// As git does for the hooks of a worktree.
  @Test func `a repository that the environment names is not taken for the directory's own`() throws {
    try withChange { directory in
      let line = #"cd "$1" && shift && GIT_DIR=$PWD/.git GIT_INDEX_FILE=$PWD/.git/index exec "$@""#
      let child = try ChildProcess(
        "/bin/sh",
        ["-c", line, "sh", directory.path, Tailrace.path, "contracts", "check", "contracts", "--against", "v1"])
      #expect(try child.exitCodeAfterAllOutput() == 65, "\(child.errors.text)\n\(child.output.text)")
      #expect(child.output.text.contains("was changed after it was published"), "\(child.output.text)")
    }
  }

  @Test func `a version that was committed as a link cannot be compared, and that is told`() throws {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    try directory.contracts(["Placed/1.avsc": ContractFiles.avro])
    let link = directory.file("contracts/Placed/2.avsc")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "1.avsc")
    try directory.commit("v1")
    try FileManager.default.removeItem(atPath: link)
    try directory.contracts(["Placed/2.avsc": ContractFiles.avro.replacing("int", with: "string")])
    let child = try check(["contracts", "--against", "v1"], code: 65, in: directory.path)
    #expect(child.output.text.contains("v1:contracts/Placed/2.avsc"), "\(child.output.text)")
  }

  @Test func `a pipe in a schema's place is refused, and not waited for`() throws {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    try directory.contracts(["Placed/1.avsc": ContractFiles.avro])
    #expect(mkfifo(directory.file("contracts/Placed/2.avsc"), 0o600) == 0)
    let start = ContinuousClock.now
    let child = try check(["contracts"], code: 78, in: directory.path)
    #expect(child.complaint?.contains("it is no regular file") == true, "\(child.errors.text)")
    #expect(ContinuousClock.now - start < .seconds(5))
  }
}
