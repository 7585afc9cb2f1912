// SPDX-License-Identifier: Apache-2.0

import Foundation

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
  ///
  /// A `program` of a test's own gets the paths of certificate, key and authority; it prints its port, then every body
  /// that it has taken on a line.
  init(
    in files: TemporaryDirectory, host: String = "IP:127.0.0.1", days: String = "2",
    wantsClientCertificate: Bool = false, program: String = TLSReceiver.program, packages: PythonPackages? = nil
  ) throws {
    (authority, certificate, key) = (files.file("ca.pem"), files.file("server.pem"), files.file("server.key"))
    let newKey = ["-newkey", "rsa:2048", "-nodes"]
    let (authorityKey, request, extensions) = (files.file("ca.key"), files.file("csr.pem"), files.file("extensions"))
    try Self.openssl(["req", "-x509"] + newKey + ["-keyout", authorityKey, "-out", authority, "-subj", "/CN=ca"])
    try Self.openssl(["req"] + newKey + ["-keyout", key, "-out", request, "-subj", "/CN=receiver"])
    try "subjectAltName=\(host)\n".write(toFile: extensions, atomically: false, encoding: .utf8)
    try Self.openssl(
      ["x509", "-req", "-in", request, "-CA", authority, "-CAkey", authorityKey, "-CAcreateserial", "-days", days]
        + ["-extfile", extensions, "-out", certificate])
    let python = packages.map { ["PYTHONPATH=\($0.path)", "python3"] } ?? ["python3"]
    server = try ChildProcess(
      "/usr/bin/env",
      python + ["-c", program, certificate, key, authority, wantsClientCertificate ? "required" : "none"])
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

  /// What it said beside that.
  var messages: [String] { server.messages }

  func end() { try? server.kill9() }

  private static func openssl(_ arguments: [String]) throws {
    _ = try ChildProcess.run("/usr/bin/env", ["openssl"] + arguments)
  }

  static let program = """
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
