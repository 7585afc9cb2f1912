// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What is on our side: output, receiver, checkpoint.
  @Suite struct DoctorSink {
    private static let mayMount: Bool = {
      guard geteuid() == 0, let files = try? TemporaryDirectory() else { return false }
      defer { files.remove() }
      guard
        (try? ChildProcess.run("/usr/bin/env", ["mount", "-t", "tmpfs", "-o", "size=1m", "none", files.path])) != nil
      else { return false }
      return (try? ChildProcess.run("/usr/bin/env", ["umount", files.path])) != nil
    }()

    @Test(.enabled(if: mayMount, "needs the right to mount a file system"))
    func `a disk that is almost full`() throws {
      try withDatabase { database in
        let disk = database.files.file("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        _ = try ChildProcess.run("/usr/bin/env", ["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk])
        defer { _ = try? ChildProcess.run("/usr/bin/env", ["umount", "-l", disk]) }
        let filler = Data(repeating: 0, count: 2_000_000)
        try filler.write(to: URL(fileURLWithPath: "\(disk)/filler"))
        let sink = ["--sink", "file:\(disk)/events.ndjson"]
        let broken = try database.doctor(sink)
        #expect(broken.code == 78)
        let check = try #require(broken["sink-space"])
        #expect(check.state == "failure" && check.found.contains("free"), "\(broken.words)")
        #expect(check.todo.joined().contains("make room"), "\(check.todo)")
        try FileManager.default.removeItem(atPath: "\(disk)/filler")
        let mended = try database.doctor(sink)
        #expect(mended.code == 0, "\(mended.words)")
        // What is on such a file system does not outlive the machine's restart.
        #expect(mended["sink-directory"]?.state == "warning")
      }
    }

    @Test func `a receiver that is down, and nothing is sent to one that is up`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        let port = try WebServer.freePort()
        let sink = ["--sink", "http://127.0.0.1:\(port)/events"]
        let broken = try database.doctor(sink)
        #expect(broken.code == 78)
        let check = try #require(broken["sink-connection"])
        #expect(check.state == "failure" && check.found.contains("refused"), "\(broken.words)")
        #expect(check.todo.joined().contains("start the receiver"), "\(check.todo)")
        let receiver = try WebServer(port: port)
        defer { receiver.close() }
        let mended = try database.doctor(sink + ["--strict"])
        #expect(mended.code == 0, "\(mended.words)")
        #expect(receiver.requests.isEmpty)
      }
    }

    @Test func `a receiver whose name is not found`() throws {
      try withDatabase { database in
        let broken = try database.doctor(["--sink", "https://no-such-host.invalid/events"])
        #expect(broken.code == 78)
        #expect(broken["sink-name"]?.state == "failure", "\(broken.words)")
        #expect(broken["sink-connection"]?.state == "unknown")
      }
    }

    @Test(.enabled(if: TLSReceiver.isAvailable, "needs openssl and Python"))
    func `a receiver's certificate: unknown authority, and when it ends`() throws {
      try withDatabase { database in
        let receiver = try TLSReceiver(in: database.files)
        defer { receiver.end() }
        let broken = try database.doctor(["--sink", receiver.url])
        #expect(broken.code == 78)
        #expect(broken["sink-connection"]?.state == "ok", "\(broken.words)")
        let check = try #require(broken["sink-tls"])
        #expect(check.state == "failure" && check.todo.joined().contains("--ca-file"), "\(broken.words)")
        let trusted = try database.doctor(["--sink", receiver.url, "--ca-file", receiver.authority])
        #expect(trusted.code == 0, "\(trusted.words)")
        // For two days.
        #expect(trusted["sink-tls"]?.state == "warning")
        #expect(trusted["sink-tls"]?.found.contains("valid until 20") == true)
        #expect(receiver.bodies.isEmpty)
      }
    }

    @Test(.enabled(if: TLSReceiver.isAvailable, "needs openssl and Python"))
    func `a certificate that is over says since when`() throws {
      try withDatabase { database in
        let receiver = try TLSReceiver(in: database.files, days: "-1")
        defer { receiver.end() }
        let broken = try database.doctor(["--sink", receiver.url, "--ca-file", receiver.authority])
        let check = try #require(broken["sink-tls"])
        #expect(check.state == "failure" && check.found.contains("it was valid until 20"), "\(broken.words)")
      }
    }

    @Test func `the checkpoint of another stream`() throws {
      try withDatabase { other in
        let checkpoint = other.files.file("checkpoint")
        try other.psql("SELECT place(1);")
        _ = try other.rest(["--checkpoint", checkpoint])
        try withDatabase { database in
          let broken = try database.doctor(["--checkpoint", checkpoint])
          #expect(broken.code == 78)
          let check = try #require(broken["checkpoint"])
          #expect(check.state == "failure" && check.found.contains("slot \(other.slot)"), "\(broken.words)")
          #expect(check.todo.joined().contains("move \(checkpoint) to another name"), "\(check.todo)")
          try FileManager.default.moveItem(atPath: checkpoint, toPath: checkpoint + ".old")
          let mended = try database.doctor(["--checkpoint", checkpoint, "--strict"])
          #expect(mended.code == 0, "\(mended.words)")
        }
      }
    }

    @Test func `a slot that somebody has moved past the checkpoint and the file`() throws {
      try withDatabase { database in
        let options = ["--checkpoint", database.files.file("checkpoint"), "--sink", "file:\(database.file)"]
        try database.psql("SELECT place(1);")
        _ = try database.rest(options)
        try database.psql("SELECT place(2);")
        try database.psql("SELECT pg_replication_slot_advance('\(database.slot)', pg_current_wal_lsn());")
        let broken = try database.doctor(options)
        #expect(broken.code == 78)
        let check = try #require(broken["checkpoint"])
        #expect(check.todo.joined().contains("--accept-gap"), "\(broken.words)")
        _ = try database.rest(options + ["--accept-gap"])
        let mended = try database.doctor(options)
        #expect(mended.code == 0, "\(mended.words)")
      }
    }

    @Test func `a file of another stream, and a directory that is not there`() throws {
      try withDatabase { database in
        try "something else\n".write(toFile: database.file, atomically: false, encoding: .utf8)
        let foreign = try database.doctor(["--sink", "file:\(database.file)"])
        #expect(foreign["sink-file"]?.state == "failure", "\(foreign.words)")
        #expect(try String(contentsOfFile: database.file, encoding: .utf8) == "something else\n")
        let missing = database.files.file("nowhere")
        let broken = try database.doctor(["--sink", "file:\(missing)/events"])
        #expect(broken.code == 78)
        #expect(broken["sink-directory"]?.state == "failure", "\(broken.words)")
        try FileManager.default.createDirectory(atPath: missing, withIntermediateDirectories: false)
        #expect(try database.doctor(["--sink", "file:\(missing)/events"]).code == 0)
        // Nothing has been made.
        #expect(try FileManager.default.contentsOfDirectory(atPath: missing).isEmpty)
      }
    }

    @Test func `a directory, or a link that leads nowhere, is no file`() throws {
      try withDatabase { database in
        let manager = FileManager.default
        let (directory, link) = (database.files.file("directory"), database.files.file("link"))
        try manager.createDirectory(atPath: directory, withIntermediateDirectories: false)
        try manager.createSymbolicLink(atPath: link, withDestinationPath: database.files.file("nowhere/events"))
        for path in [directory, link] {
          let broken = try database.doctor(["--sink", "file:\(path)"])
          #expect(broken.code == 78 && broken["sink-file"]?.state == "failure", "\(broken.words)")
          #expect(try database.stream(["--sink", "file:\(path)", "--until", "now"]).exitCode() == 73)
        }
        // Where it leads to may be made.
        try manager.createDirectory(atPath: database.files.file("nowhere"), withIntermediateDirectories: false)
        #expect(try database.doctor(["--sink", "file:\(link)"]).code == 0)
        #expect(try manager.contentsOfDirectory(atPath: database.files.file("nowhere")).isEmpty)
      }
    }

    @Test func `the place of dead letters: a file`() throws {
      try withDatabase { database in
        let manager = FileManager.default
        func check(_ path: String) throws -> Examination.Check {
          let found = try database.doctor(["--on-poison", "dead-letter", "--dead-letters", "file:\(path)"])
          let check = try #require(found["dead-letters"], "\(found.words)")
          #expect((check.state == "failure") == (found.code == 78), "\(found.words)")
          return check
        }
        let path = database.files.file("letters")
        #expect(try check(path).state == "ok")
        #expect(!manager.fileExists(atPath: path))
        #expect(try check(database.files.file("nowhere/letters")).state == "failure")
        #expect(try check(database.files.path).state == "failure")
        try "something else\n".write(toFile: path, atomically: false, encoding: .utf8)
        #expect(try check(path).found.contains("something else than dead letters"))
        // Half a letter is mended when one is kept, not by looking.
        let half = #"{"position":"00000000"#
        try half.write(toFile: path, atomically: false, encoding: .utf8)
        #expect(try check(path).state == "ok")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == half)
      }
    }

    @Test func `the place of dead letters: a table`() throws {
      try withDatabase { database in
        try database.withRole("LOGIN REPLICATION") { role in
          defer { _ = try? database.psql("DROP OWNED BY \(role);") }
          let names =
            ["--database", database.server.connection(to: database.name, user: role)] + database.names.dropFirst(2)
          func doctor() throws -> Examination {
            try database.doctor(["--on-poison", "dead-letter", "--dead-letters", "table:public.letters"], names: names)
          }
          let missing = try doctor()
          let check = try #require(missing["dead-letters"])
          #expect(missing.code == 78 && check.state == "failure", "\(missing.words)")
          #expect(check.todo.joined().contains("--dead-letter-table public.letters"), "\(check.todo)")
          let setup = try database.tailrace(["setup", "--dead-letter-table", "public.letters"] + database.names)
          #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
          let forbidden = try doctor()
          #expect(forbidden["dead-letters"]?.mend.allSatisfy { $0.hasPrefix("GRANT") } == true, "\(forbidden.words)")
          try database.mend(forbidden)
          let mended = try doctor()
          #expect(mended.code == 0 && mended["dead-letters"]?.state == "ok", "\(mended.words)")
          #expect(try database.psql("SELECT count(*) FROM letters") == "0")
          try database.psql("ALTER TABLE letters DROP COLUMN reason;")
          #expect(try doctor()["dead-letters"]?.state == "failure")
        }
      }
    }
  }
}
