// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite(.enabled(if: TLSReceiver.isAvailable, "needs python3 and openssl"))
  struct TLS {
    @Test func `a receiver whose certificate comes from the authority that is trusted gets the events`() throws {
      try withReceiver { database, receiver, authority in
        let stream = try database.stream(["--sink", receiver.url, "--ca-file", authority, "--until", "now"])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try Set(Event.read(receiver.bodies).numbers) == [1, 2, 3])
        #expect(try database.rest().isEmpty)
      }
    }

    @Test(arguments: [
      ("another authority", [:]), ("another host", ["host": "DNS:elsewhere.example"]), ("expired", ["days": "-1"]),
    ])
    func `a receiver that cannot prove who it is gets nothing`(why: String, properties: [String: String]) throws {
      try withReceiver(properties) { database, receiver, authority in
        let before = try database.confirmed()
        let options = why == "another authority" ? [] : ["--ca-file", authority]
        let stream = try database.stream(["--sink", receiver.url] + options)
        #expect(try stream.exitCode() == 78, "\(stream.errors.text)")
        let complaint = try #require(stream.complaint, "\(stream.errors.text)")
        #expect(complaint.contains("certificate") && complaint.contains(receiver.url))
        #expect(receiver.bodies.isEmpty)
        #expect(try database.confirmed() == before)
        #expect(try Event.read(database.rest()).numbers == [1, 2, 3])
      }
    }

    @Test func `a receiver that wants to know who we are is shown the client's certificate`() throws {
      try withReceiver(["client": "required"]) { database, receiver, authority in
        let options = ["--sink", receiver.url, "--ca-file", authority, "--until", "now"]
        let stranger = try database.stream(options)
        #expect(try stranger.exitCode() == 78, "\(stranger.errors.text)")
        #expect(stranger.complaint?.contains("--client-certificate") == true, "\(stranger.errors.text)")
        #expect(receiver.bodies.isEmpty)
        let certificate = ["--client-certificate", receiver.certificate, "--client-key", receiver.key]
        let stream = try database.stream(options + certificate)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try Set(Event.read(receiver.bodies).numbers) == [1, 2, 3])
      }
    }

    @Test func `a file of authorities or a certificate that cannot be read is an error`() throws {
      try withDatabase { database in
        for options in [["--ca-file"], ["--client-key", "/dev/null", "--client-certificate"]] {
          let stream = try database.stream(["--sink", "https://127.0.0.1/"] + options + ["/nowhere/file.pem"])
          #expect(try stream.exitCode(within: 10) == 78, "\(stream.errors.text)")
          #expect(stream.complaint?.contains("/nowhere/file.pem") == true, "\(stream.errors.text)")
        }
      }
    }

    @Test func `of the files of certificates the one that cannot be used is named, and what is wrong with it`() throws {
      try withReceiver { database, receiver, authority in
        let files = database.files
        let other = files.file("other.key")
        _ = try ChildProcess.run("/usr/bin/env", ["openssl", "genrsa", "-out", other, "2048"])
        let (empty, junk, directory) = (files.file("empty"), files.file("junk"), files.file("directory"))
        try "".write(toFile: empty, atomically: false, encoding: .utf8)
        try "-----BEGIN CERTIFICATE-----\njunk\n-----END CERTIFICATE-----\n"
          .write(toFile: junk, atomically: false, encoding: .utf8)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let options = [
          "--ca-file", authority, "--client-certificate", receiver.certificate, "--client-key", receiver.key,
        ]
        let sound = try database.stream(["--sink", receiver.url, "--until", "now"] + options)
        #expect(try sound.exitCode() == 0, "\(sound.errors.text)")
        let faults = [
          (files.file("none"), "no such file"), (empty, "empty"), (junk, "in PEM"), (directory, "directory"),
        ]
        for index in [1, 3, 5] {
          for (path, words) in faults {
            var options = options
            options[index] = path
            let stream = try database.stream(["--sink", receiver.url] + options)
            #expect(try stream.exitCode() == 78, "\(stream.errors.text)")
            #expect(stream.complaint?.contains(path) == true, "\(stream.errors.text)")
            #expect(stream.complaint?.contains(words) == true, "\(stream.errors.text)")
          }
        }
        let misfit = try database.stream(["--sink", receiver.url] + options.dropLast() + [other])
        #expect(try misfit.exitCode() == 78, "\(misfit.errors.text)")
        #expect(misfit.complaint?.contains("\(receiver.certificate) and \(other)") == true, "\(misfit.errors.text)")
      }
    }

    @Test func `a certificate that is replaced before its key is told of, and used when the key is there`() throws {
      try withReceiver(["client": "required", "program": Self.wanting]) { database, receiver, authority in
        let (certificate, key) = (database.files.file("ours.pem"), database.files.file("ours.key"))
        func replace(_ path: String, with other: String) throws {
          try Data(contentsOf: URL(filePath: other)).write(to: URL(filePath: path), options: .atomic)
        }
        try replace(certificate, with: receiver.certificate)
        try replace(key, with: receiver.key)
        let (newCertificate, newKey) = (database.files.file("new.pem"), database.files.file("new.key"))
        _ = try ChildProcess.run(
          "/usr/bin/env",
          ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", newKey, "-out", newCertificate]
            + ["-subj", "/CN=new", "-days", "2"])
        let stream = try database.stream(
          ["--sink", receiver.url, "--ca-file", authority, "--client-certificate", certificate, "--client-key", key])
        try wait(until: "all are delivered") { receiver.bodies.count == 3 }
        try replace(certificate, with: newCertificate)
        try replace(authority + ".wanted", with: newCertificate)
        try database.psql("SELECT place(4);")
        try wait(until: "it is told") {
          stream.errors.text.contains("\(certificate) and \(key): the key is not that of the certificate")
        }
        #expect(stream.isRunning)
        try replace(key, with: newKey)
        try wait(until: "the event arrives", within: 60) { receiver.bodies.count == 4 }
        try wait(until: "it is told") { stream.errors.text.contains("\(key): can be used again") }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(stream.messages.count { $0.contains("is not that of") } == 1, "\(stream.errors.text)")
      }
    }

    /// Closes each connection behind an answer, and wants at each what a file says by then.
    private static let wanting = TLSReceiver.program
      .replacing("self.end_headers()", with: "self.send_header('connection', 'close'); self.end_headers()")
      .replacing(
        "server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)",
        with: """
          import os
          def accept(original=server.get_request):
              socket, address = original()
              context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
              context.load_cert_chain(sys.argv[1], sys.argv[2])
              wanted = sys.argv[3] + ".wanted"
              context.load_verify_locations(wanted if os.path.exists(wanted) else sys.argv[3])
              context.verify_mode = ssl.CERT_REQUIRED
              return context.wrap_socket(socket, server_side=True, do_handshake_on_connect=False), address
          server.get_request = accept
          """)

    @Test func `a receiver that speaks only an old version of TLS gets events when that is allowed`() throws {
      try withReceiver(["program": TLSReceiver.program.replacing("context.load_cert_chain", with: Self.old)]) {
        database, receiver, authority in
        let options = ["--sink", receiver.url, "--ca-file", authority]
        let stream = try database.stream(options)
        try wait(until: "it is told") { stream.messages.contains { $0.contains("tls-minimum") } }
        #expect(stream.isRunning && receiver.bodies.isEmpty)
        stream.signal(SIGTERM)
        Thread.sleep(forTimeInterval: 1.2)
        stream.signal(SIGTERM)
        _ = try stream.exitCode()
        let lenient = try database.stream(options + ["--tls-minimum", "1.0", "--until", "now"])
        #expect(try lenient.exitCode() == 0, "\(lenient.errors.text)")
        #expect(try Set(Event.read(receiver.bodies).numbers) == [1, 2, 3])
      }
    }

    private static let old = """
      context.minimum_version = ssl.TLSVersion.TLSv1
      context.maximum_version = ssl.TLSVersion.TLSv1_1
      context.set_ciphers("ALL:@SECLEVEL=0")
      context.load_cert_chain
      """

    @Test func `trouble in a handshake is told and tried again; a receiver without TLS is final`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        let (listener, port) = try TCP.listen()
        defer { shutdown(listener, Int32(SHUT_RDWR)) }
        Thread {
          // Closes each connection at its first bytes.
          while case let socket = TCP.accept(listener), socket >= 0 {
            var byte: UInt8 = 0
            _ = recv(socket, &byte, 1, 0)
            close(socket)
          }
          close(listener)
        }.start()
        let stream = try database.stream(["--sink", "https://127.0.0.1:\(port)/"])
        try wait(until: "it is told") { stream.messages.contains { $0.contains("delivery to https://127.0.0.1") } }
        Thread.sleep(forTimeInterval: 1)
        #expect(stream.isRunning, "\(stream.errors.text)")
        let talk = try PlainTalker()
        defer { talk.close() }
        let final = try database.tailrace(["stream"] + database.names + ["--sink", "https://127.0.0.1:\(talk.port)/"])
        stream.signal(SIGKILL)
        #expect(try final.exitCode() == 78, "\(final.errors.text)")
        #expect(final.complaint?.contains("does not speak TLS") == true)
      }
    }

    @Test func `once a receiver has taken events, somebody in its place does not end the stream`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        let receiver = try TLSReceiver(in: database.files, program: Self.changing)
        defer { receiver.end() }
        let stream = try database.stream(["--sink", receiver.url, "--ca-file", receiver.authority])
        try wait(until: "the first is there") { receiver.bodies.count == 1 }
        try database.psql("SELECT place(2);")
        try wait(until: "the second is there") { receiver.bodies.count == 2 }
        #expect(stream.isRunning)
        try wait(until: "it is told") { stream.errors.text.contains("it has taken events before") }
        let reasons = ["does not speak TLS", "is not to be trusted"]
        #expect(reasons.contains { stream.errors.text.contains($0) }, "\(stream.errors.text)")
      }
    }

    /// Closes each connection behind a request. The second and the third are answered in the clear, the fourth and the fifth with
    /// a certificate that nobody trusts.
    private static let changing = """
      import socket, ssl, subprocess, sys
      other = sys.argv[1] + ".other"
      subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", other + ".key", "-out", other,
                      "-subj", "/CN=other"], check=True, capture_output=True)
      def context(certificate, key):
          made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
          made.load_cert_chain(certificate, key)
          return made
      right, wrong = context(sys.argv[1], sys.argv[2]), context(other, other + ".key")
      server = socket.create_server(("127.0.0.1", 0))
      print(server.getsockname()[1], flush=True)
      number = 0
      while True:
          connection, _ = server.accept()
          number += 1
          try:
              if number in (2, 3):
                  connection.recv(1)
                  connection.sendall(b"HTTP/1.1 400 Bad Request\\r\\ncontent-length: 0\\r\\n\\r\\n")
                  connection.close()
                  continue
              connection = (wrong if number in (4, 5) else right).wrap_socket(connection, server_side=True)
              data = b""
              while b"\\r\\n\\r\\n" not in data:
                  data += connection.recv(65536)
              head, body = data.split(b"\\r\\n\\r\\n", 1)
              length = [int(l.split(b":")[1]) for l in head.split(b"\\r\\n") if l.lower().startswith(b"content-length:")][0]
              while len(body) < length:
                  body += connection.recv(65536)
              print(body.decode(), flush=True)
              connection.sendall(b"HTTP/1.1 204 No Content\\r\\nconnection: close\\r\\n\\r\\n")
              connection.close()
          except OSError:
              pass
      """

    private func withReceiver(
      _ properties: [String: String] = [:], _ body: (OutboxDatabase, TLSReceiver, _ authority: String) throws -> Void
    ) throws {
      try withDatabase { database in
        try database.place(1...3, keys: 3)
        let receiver = try TLSReceiver(
          in: database.files, host: properties["host"] ?? "IP:127.0.0.1", days: properties["days"] ?? "2",
          wantsClientCertificate: properties["client"] != nil, program: properties["program"] ?? TLSReceiver.program)
        defer { receiver.end() }
        try body(database, receiver, receiver.authority)
      }
    }
  }
}

/// Answers whatever comes in plain HTTP.
private final class PlainTalker: Sendable {
  let port: UInt16
  private let listener: Int32

  init() throws {
    (listener, port) = try TCP.listen()
    let listener = listener
    Thread {
      while case let socket = TCP.accept(listener), socket >= 0 {
        var byte: UInt8 = 0
        _ = recv(socket, &byte, 1, 0)
        _ = TCP.send(Array("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".utf8), to: socket)
        usleep(200_000)
        Foundation.close(socket)
      }
      Foundation.close(listener)
    }.start()
  }

  func close() { shutdown(listener, Int32(SHUT_RDWR)) }
}
