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
          #expect(stream.complaint?.contains("certificate") == true, "\(stream.errors.text)")
        }
      }
    }

    private func withReceiver(
      _ properties: [String: String] = [:], _ body: (OutboxDatabase, TLSReceiver, _ authority: String) throws -> Void
    ) throws {
      try withDatabase { database in
        try database.place(1...3, keys: 3)
        let receiver = try TLSReceiver(
          in: database.files, host: properties["host"] ?? "IP:127.0.0.1", days: properties["days"] ?? "2",
          wantsClientCertificate: properties["client"] != nil)
        defer { receiver.end() }
        try body(database, receiver, receiver.authority)
      }
    }
  }
}

/// A receiver over HTTPS, with a certificate authority of its own.
final class TLSReceiver: Sendable {
  static let isAvailable =
    (try? ChildProcess.run("/usr/bin/env", ["python3", "-c", "import ssl"])) != nil
    && (try? ChildProcess.run("/usr/bin/env", ["openssl", "version"])) != nil

  let authority: String
  let certificate: String
  let key: String
  let url: String
  private let server: ChildProcess

  /// Starts a receiver whose certificate is for a host, for so many days.
  init(in files: TemporaryDirectory, host: String, days: String, wantsClientCertificate: Bool) throws {
    (authority, certificate, key) = (files.file("ca.pem"), files.file("server.pem"), files.file("server.key"))
    let newKey = ["-newkey", "rsa:2048", "-nodes"]
    let (authorityKey, request, extensions) = (files.file("ca.key"), files.file("csr.pem"), files.file("extensions"))
    try Self.openssl(["req", "-x509"] + newKey + ["-keyout", authorityKey, "-out", authority, "-subj", "/CN=ca"])
    try Self.openssl(["req"] + newKey + ["-keyout", key, "-out", request, "-subj", "/CN=receiver"])
    try "subjectAltName=\(host)\n".write(toFile: extensions, atomically: false, encoding: .utf8)
    try Self.openssl(
      ["x509", "-req", "-in", request, "-CA", authority, "-CAkey", authorityKey, "-CAcreateserial", "-days", days]
        + ["-extfile", extensions, "-out", certificate])
    server = try ChildProcess(
      "/usr/bin/env",
      ["python3", "-c", Self.program, certificate, key, authority, wantsClientCertificate ? "required" : "none"])
    let server = server
    do {
      let port = try eventually("the receiver listens", within: 30) { server.output.lines.first }
      url = "https://127.0.0.1:\(port)/events"
    } catch {
      try? server.kill9()
      throw ChildProcess.Failure(description: "\(error): \(server.errors.text)")
    }
  }

  /// What was posted so far.
  var bodies: [String] { Array(server.output.lines.dropFirst()) }

  func end() { try? server.kill9() }

  private static func openssl(_ arguments: [String]) throws {
    _ = try ChildProcess.run("/usr/bin/env", ["openssl"] + arguments)
  }

  /// Prints its port, then every body on a line.
  private static let program = """
    import http.server, ssl, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            sys.stdout.write(body.decode() + "\\n")
            sys.stdout.flush()
            self.send_response(204)
            self.end_headers()
        def log_message(self, *arguments):
            pass
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.load_verify_locations(sys.argv[3])
    if sys.argv[4] == "required":
        context.verify_mode = ssl.CERT_REQUIRED
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(server.server_port, flush=True)
    server.serve_forever()
    """
}
