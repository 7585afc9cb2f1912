// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import TestStream
import Testing

/// What other users of the machine may have put where our files are.
@Suite struct OwnFileTests {
  private let directory: TemporaryDirectory
  private let path: String
  private let victim: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("file")
    victim = try directory.write(Array("precious\n".utf8), "victim")
  }

  private var isVictimUnharmed: Bool { get throws { try directory.read("victim") == Array("precious\n".utf8) } }

  private func append(_ path: String, _ kind: OwnFile, _ text: String = "") throws {
    let file = try OpenFile.appending(to: path, kind)
    try file.write(Array(text.utf8))
  }

  private func read(_ path: String, _ kind: OwnFile) throws {
    let file = try OpenFile.reading(path, kind)
    _ = try file.status()
  }

  /// The words with which something is refused.
  private func refusal(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "it is used all the same"
    } catch {
      return (error as? SystemFailure)?.text ?? "\(error)"
    }
  }

  /// Every way in which a file of a kind is used.
  private func expectRefusal(_ kind: OwnFile, _ words: String) {
    for refusal in [
      refusal { try append(path, kind) }, refusal { try read(path, kind) },
      refusal { try AtomicFile.write("ours", to: path, kind) },
    ] {
      #expect(refusal.contains(words), "\(refusal)")
    }
  }

  @Test func `a record is never reached through a symbolic link`() throws {
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: victim)
    expectRefusal(.record, "symbolic link")
    #expect(throws: SystemFailure.self) { try SmallFile.record(path, synchronizing: true) }
    #expect(try isVictimUnharmed)
    #expect(try directory.names().sorted() == ["file", "victim"])
  }

  @Test(arguments: [OwnFile.named, .output])
  func `a link of our own is followed, also one that leads nowhere yet`(kind: OwnFile) throws {
    for target in ["there", "not-yet"] {
      if target == "there" { _ = try directory.write(Array("a\n".utf8), target) }
      let link = directory.file("link-to-\(target)")
      // A link to a link, the second relative.
      try FileManager.default.createSymbolicLink(atPath: link + "-2", withDestinationPath: target)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: link + "-2")
      try append(link, kind, "b\n")
      #expect(try directory.read(target) == Array((target == "there" ? "a\nb\n" : "b\n").utf8))
      try AtomicFile.write("c\n", to: link, kind)
      #expect(try directory.read(target) == Array("c\n".utf8))
    }
  }

  @Test func `links in a circle end`() throws {
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "file")
    for kind in [OwnFile.record, .named, .output] {
      #expect(throws: SystemFailure.self) { try append(path, kind) }
    }
  }

  @Test func `a pipe in the place of a file is refused at once, but may be an output`() throws {
    #expect(mkfifo(path, 0o600) == 0)
    expectRefusal(.record, "no regular file")
    expectRefusal(.named, "no regular file")
    #expect(throws: SystemFailure.self) { try SmallFile.record(path, synchronizing: false) }
    // Nobody reads it.
    #expect(throws: SystemFailure.self) { try append(path, .output) }
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    #expect(throws: Never.self) { try append(path, .output) }
    #expect(throws: Never.self) { try append("/dev/null", .output) }
    #expect(throws: SystemFailure.self) { try append("/dev/null", .named) }
  }

  @Test func `what anybody may write to is refused, what a group of ours may write to is not`() throws {
    _ = try directory.write(Array("x\n".utf8), "file")
    try FileManager.default.setAttributes([.posixPermissions: 0o660], ofItemAtPath: path)
    for kind in [OwnFile.record, .named, .output] {
      #expect(throws: Never.self) { try append(path, kind) }
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o602], ofItemAtPath: path)
    for kind in [OwnFile.record, .named, .output] { expectRefusal(kind, "others may write") }
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
  func `a file, a link or a pipe of another user is refused, and a group of others may not write`() throws {
    _ = try directory.write(Array("x\n".utf8), "file")
    #expect(chown(path, 54_321, gid_t.max) == 0)
    for kind in [OwnFile.record, .named, .output] { expectRefusal(kind, "belongs to user 54321") }
    #expect(chown(path, 0, 54_321) == 0 && chmod(path, 0o660) == 0)
    for kind in [OwnFile.record, .named, .output] { expectRefusal(kind, "others may write") }

    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: victim)
    #expect(lchown(path, 54_321, 54_321) == 0)
    for kind in [OwnFile.named, .output] { expectRefusal(kind, "symbolic link of user 54321") }
    #expect(try isVictimUnharmed)

    try FileManager.default.removeItem(atPath: path)
    #expect(mkfifo(path, 0o666) == 0 && chown(path, 54_321, 54_321) == 0)
    #expect(throws: SystemFailure.self) { try append(path, .output) }
  }

  @Test func `standard output can be named as a file`() throws {
    // Whatever it is here: what matters is that the system's own links are followed.
    let pipe = Pipe()
    try append("/proc/self/fd/\(pipe.fileHandleForWriting.fileDescriptor)", .output, "through\n")
    #expect(pipe.fileHandleForReading.availableData == Data("through\n".utf8))
  }

  @Test func `a secret may come through a pipe, and one that never comes is given up`() throws {
    #expect(mkfifo(path, 0o600) == 0)
    #expect(throws: SystemFailure(number: ETIMEDOUT)) { try SmallFile.read(path, patience: 50) }
    let (pipe, started) = (path, DispatchSemaphore(value: 0))
    Thread {
      started.signal()
      let writer = open(pipe, O_WRONLY)
      usleep(50_000)
      _ = write(writer, "secret\n", 7)
      close(writer)
    }.start()
    started.wait()
    #expect(try SmallFile.read(path, patience: 120_000) == "secret\n")
  }
}
