// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// How what is said to the server travels, and what is said about that.
  @Suite struct Transport {
    @Test func `the first line says plain, and on this machine that is all right`() throws {
      try withDatabase { database in
        let stream = try database.stream(["--until", "now"])
        #expect(try stream.exitCode() == 0)
        #expect(stream.messages.first?.hasSuffix(", plain") == true, "\(stream.errors.text)")
        #expect(!stream.errors.text.contains("not encrypted"))
      }
    }

    @Test(.enabled(if: FakeClock.isAvailable, "needs a C compiler"))
    func `a plain connection that leaves this machine is warned of, unless sslmode says that it is meant`() throws {
      try withDatabase { database in
        let environment = ["LD_PRELOAD": try Self.elsewhere(in: database.files)]
        let recording = database.files.file("recording")
        let letters = ["list", "--dead-letters", "table:public.outbox", "--database"]
        for (mode, isTold) in [("", true), (" sslmode=disable", false)] {
          let connection = database.connection + mode
          let names = ["--database", connection, "--publication", "events", "--slot", database.slot]
          try? FileManager.default.removeItem(atPath: recording)
          for arguments in [
            ["stream"] + names + ["--until", "now"], ["setup"] + names + ["--dry-run"],
            ["teardown"] + names + ["--dry-run"],
            ["capture"] + names + ["--until", "now", "--output", recording], ["dead-letters"] + letters + [connection],
          ] {
            let child = try database.tailrace(arguments, environment: environment)
            _ = try child.exitCode()
            #expect(child.errors.text.contains("is not encrypted") == isTold, "\(arguments): \(child.errors.text)")
          }
        }
      }
    }

    @Test(.enabled(if: FakeClock.isAvailable, "needs a C compiler"))
    func `whoever answers a plain connection that leaves this machine with an error is warned of too`() throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let environment = ["LD_PRELOAD": try Self.elsewhere(in: files)]
      let refused = FakePostgres.message("E", FakePostgres.error("FATAL", "28P01", "no"))
      let password = FakePostgres.message("R", FakePostgres.integer(Int32(3)))
      for greeting in [refused, password + refused] {
        let server = try FakePostgres(greeting: greeting)
        defer { server.close() }
        for (mode, isTold) in [("", true), (" sslmode=disable", false)] {
          let connection = "host=127.0.0.1 port=\(server.port) user=u password=secret dbname=shop" + mode
          let names = ["--publication", "events", "--slot", "s"]
          for arguments in [
            ["stream", "--no-retry"] + names, ["setup"] + names, ["teardown"] + names,
            ["capture", "--output", files.file("recording")] + names,
            ["dead-letters", "list", "--dead-letters", "table:a.b"],
          ] {
            let child = try ChildProcess(
              Tailrace.path, arguments + ["--database", connection], environment: environment)
            #expect(try child.exitCode() != 0)
            #expect(child.errors.text.contains("is not encrypted") == isTold, "\(arguments): \(child.errors.text)")
          }
        }
      }
    }

    @Test(.enabled(if: TLSReceiver.isAvailable, "needs openssl"))
    func `the first line says encrypted, and a certificate for another name is refused when that is asked for`() throws
    {
      try TestServer.with { server in
        let (certificate, key) = (server.directory.file("server.pem"), server.directory.file("server.key"))
        _ = try ChildProcess.run(
          "/usr/bin/env",
          ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
            + ["-subj", "/CN=elsewhere.example", "-addext", "subjectAltName=DNS:elsewhere.example"])
        _ = try ChildProcess.run("/bin/chown", ["--reference=\(server.directory.path)/data", key, certificate])
        _ = try ChildProcess.run("/bin/chmod", ["600", key])
        try server.psql(
          """
          ALTER SYSTEM SET ssl_cert_file = '\(certificate)';
          ALTER SYSTEM SET ssl_key_file = '\(key)';
          ALTER SYSTEM SET ssl = on;
          SELECT pg_reload_conf();
          """)
        try server.withDatabase { database in
          try wait(until: "it speaks TLS") { try database.psql("SHOW ssl") == "on" }
          let stream = try database.stream(["--until", "now"])
          #expect(try stream.exitCode() == 0)
          #expect(stream.messages.first?.contains(", encrypted (TLSv1") == true, "\(stream.errors.text)")
          try database.psql("SELECT place(1);")
          let careful = try database.tailrace([
            "stream", "--database", "\(database.connection) sslmode=verify-full sslrootcert=\(certificate)",
            "--publication", "events", "--slot", database.slot,
          ])
          #expect(try careful.exitCode(within: 10) == 78, "\(careful.errors.text)")
          #expect(careful.complaint?.contains("elsewhere.example") == true, "\(careful.errors.text)")
          #expect(try Event.read(database.rest()).numbers == [1])
        }
      }
    }

    @Test(arguments: ["http://127.0.0.1#@evil.example/", "http://127.0.0.1\\@evil.example/", "https://a.example/#x"])
    func `an address that can be read in two ways is refused`(address: String) throws {
      let child = try ChildProcess(
        Tailrace.path, ["stream", "--publication", "events", "--slot", "s", "--sink", address])
      #expect(try child.exitCode() == 64, "\(child.errors.text)")
    }

    @Test func `a secret that others can read is warned of`() throws {
      try withDatabase { database in
        let server = try WebServer()
        defer { server.close() }
        let file = database.files.file("token")
        try Data("token".utf8).write(to: URL(filePath: file))
        for (mode, isTold) in [(mode_t(0o604), true), (0o600, false)] {
          #expect(chmod(file, mode) == 0)
          let stream = try database.stream(to: server, ["--bearer-token-file", file, "--until", "now"])
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
          #expect(stream.errors.text.contains("\(file) can be read by other users") == isTold, "\(stream.errors.text)")
        }
      }
    }

    /// A library that makes every server one at 192.0.2.1, which is nobody's address.
    private static func elsewhere(in files: TemporaryDirectory) throws -> String {
      let (source, library) = (files.file("elsewhere.c"), files.file("elsewhere.so"))
      try """
      #define _GNU_SOURCE
      #include <netinet/in.h>
      #include <string.h>
      #include <sys/socket.h>
      int getpeername(int socket, struct sockaddr *address, socklen_t *length) {
        struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr = {htonl(0xC0000201)}};
        if (*length > sizeof peer) *length = sizeof peer;
        memcpy(address, &peer, *length);
        return 0;
      }
      """.write(toFile: source, atomically: false, encoding: .utf8)
      _ = try ChildProcess.run("/usr/bin/env", ["clang", "-O1", "-shared", "-fPIC", "-o", library, source])
      return library
    }
  }
}
