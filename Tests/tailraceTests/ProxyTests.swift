// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Receivers behind a proxy. The proxy knows every host as this machine.
  @Suite(.enabled(if: TLSReceiver.isAvailable, "needs python3 and openssl")) struct ProxyTests {
    @Test func `HTTPS_PROXY is gone through, with its user and password, and events arrive`() throws {
      try withProxy { database, receiver, proxy in
        try database.place(1...20, keys: 3)
        let stream = try database.stream(
          options(receiver), environment: ["HTTPS_PROXY": "http://ada:lo%76elace@127.0.0.1:\(proxy.port)"])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(receiver.bodies.count == 20)
        // ada:lovelace
        #expect(Set(proxy.requests) == ["CONNECT orders.example:\(port(of: receiver)) Basic YWRhOmxvdmVsYWNl"])
      }
    }

    @Test func `a host in NO_PROXY is not reached through the proxy`() throws {
      try withProxy { database, receiver, proxy in
        try database.place(1...1, keys: 1)
        let stream = try database.stream(
          options(receiver) + ["--max-attempts", "1"],
          environment: ["HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)", "NO_PROXY": "localhost,.example"])
        // No name service knows it.
        #expect(try stream.exitCode() == 65)
        #expect(stream.errors.text.contains("orders.example") && !stream.errors.text.contains("proxy"))
        #expect(proxy.requests.isEmpty)
      }
    }

    @Test func `a proxy that wants a user is told of by its place, without a secret, and events wait`() throws {
      try withProxy { database, receiver, proxy in
        try database.place(1...1, keys: 1)
        let stream = try database.stream(
          options(receiver) + ["--max-attempts", "2"],
          environment: ["https_proxy": "http://ada:wrong-secret@127.0.0.1:\(proxy.port)"])
        #expect(try stream.exitCode() == 65)
        #expect(stream.errors.text.contains("the proxy wants a user and a password"))
        #expect(stream.errors.text.contains("through the proxy 127.0.0.1, port \(proxy.port)"))
        #expect(!stream.errors.text.contains("wrong-secret"))
        #expect(receiver.bodies.isEmpty)
      }
    }

    @Test func `a proxy that cannot be used is refused at the start, and not shown`() throws {
      try withDatabase { database in
        let stream = try database.stream(
          ["--sink", "https://orders.example/"], environment: ["ALL_PROXY": "socks5://ada:secret@proxy:1080"])
        #expect(try stream.exitCode() == 78)
        #expect(stream.complaint?.contains("the proxy that ALL_PROXY names cannot be used") == true)
        #expect(!stream.errors.text.contains("secret"))
      }
    }

    private func port(of receiver: TLSReceiver) -> String {
      receiver.url.split(separator: ":").last.map { String($0.prefix { $0 != "/" }) } ?? ""
    }

    private func options(_ receiver: TLSReceiver) -> [String] {
      let address = "https://orders.example:\(port(of: receiver))/events"
      return ["--sink", address, "--ca-file", receiver.authority, "--until", "now"]
    }

    private func withProxy(_ body: (OutboxDatabase, TLSReceiver, ConnectProxy) throws -> Void) throws {
      try withDatabase { database in
        let receiver = try TLSReceiver(in: database.files, host: "DNS:orders.example")
        defer { receiver.end() }
        let proxy = try ConnectProxy(user: "ada:lovelace")
        defer { proxy.end() }
        try body(database, receiver, proxy)
      }
    }
  }
}

/// A proxy for CONNECT on this machine that wants a user.
final class ConnectProxy: Sendable {
  let port: String
  private let server: ChildProcess

  init(user: String) throws {
    server = try ChildProcess("/usr/bin/env", ["python3", "-c", Self.program, user])
    let server = server
    port = try eventually("the proxy listens", within: 30) { server.output.lines.first }
  }

  /// What it was asked, with what the asker said of himself.
  var requests: [String] { Array(server.output.lines.dropFirst()) }

  func end() { try? server.kill9() }

  private static let program = """
    import base64, http.server, os, select, socket, sys
    wanted = "Basic " + base64.b64encode(sys.argv[1].encode()).decode()
    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self):
            given = self.headers.get("proxy-authorization")
            # In one piece, for there are several threads.
            os.write(1, f"CONNECT {self.path} {given}\\n".encode())
            if given != wanted:
                self.send_response(407)
                self.send_header("proxy-authenticate", "Basic realm=x")
                self.send_header("content-length", "0")
                self.end_headers()
                return
            other = socket.create_connection(("127.0.0.1", int(self.path.rpartition(":")[2])))
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: other, other: self.connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    piece = end.recv(65536)
                    if not piece:
                        return
                    ends[end].sendall(piece)
        def log_message(self, *arguments):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    print(server.server_port, flush=True)
    server.serve_forever()
    """
}
