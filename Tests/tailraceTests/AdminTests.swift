// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Admin {
    @Test func `it is alive, ready, and tells how it stands in JSON`() throws {
      try withDatabase { database in
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        try page.wait(untilReady: true, within: 20)
        try database.psql("SELECT place(1, 100);")
        try wait(until: "all is written") { database.fileLines.count == 100 }
        #expect(page.get("/live")?.status == 200)
        let answer = try #require(page.get("/status"))
        #expect(answer.head.contains("application/json"))
        let status = try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
        #expect(status["ready"] as? Bool == true && status["relay"] as? String == database.slot)
        #expect((status["events"] as? [String: Int])?["settled"] == 100)
        #expect(page.get("/other")?.status == 404)
        #expect(page.get("/metrics", method: "POST")?.status == 405)
        #expect(page.get("/ready", method: "HEAD")?.body == "")
      }
    }

    @Test func `the page holds all that it needs, and may ask nobody else`() throws {
      try withDatabase { database in
        let token = database.files.file("token")
        try Data("s3cret\n".utf8).write(to: URL(filePath: token))
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0", "--admin-token-file", token])
        let answer = try #require(try AdminPage(of: stream).get("/"))
        #expect(answer.status == 200 && answer.head.contains("text/html"))
        #expect(!answer.body.contains("://") && !answer.body.contains("src=") && answer.body.hasSuffix("</html>\n"))
        #expect(answer.head.contains("content-security-policy: default-src 'none'; connect-src 'self'"))
        #expect(answer.head.components(separatedBy: "'sha256-").count == 3)
        #expect(!answer.head.contains("unsafe-inline"))
      }
    }

    @Test func `what operators were told lately is in the status, with what to do`() throws {
      try withDatabase { database in
        let server = try WebServer { _ in .init(503) }
        defer { server.close() }
        let stream = try database.stream(to: server, ["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        try database.psql("SELECT place(1);")
        try wait(until: "the failure is told") {
          guard let body = page.get("/status")?.body,
            let status = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any],
            let messages = status["messages"] as? [[String: String]]
          else { return false }
          return messages.contains { $0["level"] == "warning" && $0["text"]?.contains("503") == true }
        }
        let body = try #require(page.get("/status")?.body)
        #expect(body.contains("\"sink\":") && body.contains("\"latency\":{\"bounds\":[0.00025,"))
      }
    }

    @Test func `an address that others reach wants a token, before anything is opened`() throws {
      try withDatabase { database in
        for address in ["0.0.0.0:0", "[::]:0", "example.org:9464"] {
          let stream = try database.streamToFile(["--admin", address])
          #expect(try stream.exitCode() == 78)
          #expect(stream.complaint?.contains("--admin-token-file") == true, "\(stream.errors.text)")
        }
        #expect(!FileManager.default.fileExists(atPath: database.file))
      }
    }

    @Test func `a port that is taken is an error before anything is opened`() throws {
      try withDatabase { database in
        let (socket, port) = try TCP.listen()
        defer { close(socket) }
        let stream = try database.streamToFile(["--admin", "127.0.0.1:\(port)"])
        #expect(try stream.exitCode() == 78)
        #expect(stream.complaint?.contains("127.0.0.1:\(port)") == true, "\(stream.errors.text)")
        #expect(!FileManager.default.fileExists(atPath: database.file))
      }
    }

    @Test(arguments: [
      "", "127.0.0.1", ":9464", "127.0.0.1:x", "127.0.0.1:70000", "http://127.0.0.1:1", "[127.0.0.1]:1",
    ])
    func `what is no address is a wrong use`(address: String) throws {
      try withDatabase { database in
        let stream = try database.stream(["--admin", address])
        #expect(try stream.exitCode() == 64)
        #expect(stream.errors.text.contains("--admin"), "\(stream.errors.text)")
      }
    }

    @Test func `with a token, only it opens more than yes or no`() throws {
      try withDatabase { database in
        let token = database.files.file("token")
        try Data("s3cret\n".utf8).write(to: URL(filePath: token))
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0", "--admin-token-file", token])
        let page = try AdminPage(of: stream)
        try wait(until: "it is ready") { page.get("/ready")?.status == 200 }
        #expect(page.get("/ready")?.body == "" && page.get("/live")?.body == "")
        for fields in [
          "", "authorization: Bearer s3cre\r\n", "authorization: Bearer s3cret1\r\n", "authorization: s3cret\r\n",
        ] {
          for path in ["/metrics", "/status", "/other"] { #expect(page.get(path, fields)?.status == 401) }
        }
        #expect(page.get("/metrics", "authorization: Bearer s3cret\r\n")?.status == 200)
        // It is read again when it changes.
        try Data("other\n".utf8).write(to: URL(filePath: token))
        try wait(until: "the new token counts") {
          page.get("/status", "authorization: Bearer other\r\n")?.status == 200
        }
        #expect(page.get("/status", "authorization: Bearer s3cret\r\n")?.status == 401)
      }
    }

    @Test func `without a token, it is asked by its own names alone, so that no web page borrows them`() throws {
      try withDatabase { database in
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:\(page.port)", "[::1]:9464", "[::1]"] {
          #expect(page.get("/live", hosts: [host])?.status == 200, "\(host)")
        }
        #expect(page.get("/live", hosts: [], version: "1.0")?.status == 200)
        for path in ["/", "/live", "/ready", "/status", "/metrics", "/other"] {
          for host in [
            "evil.example", "evil.example:\(page.port)", "127.0.0.1.evil.example", "", "localhost:x", "[::1", "::1",
            "127.0.0.1, localhost", "a@localhost", "0.0.0.0", "localhost.evil.example:\(page.port)",
          ] {
            let answer = page.get(path, hosts: [host])
            #expect(answer?.status == 421 && answer?.body.contains("\n{") == false, "\(host)")
          }
          #expect(page.get(path, hosts: ["evil.example"], version: "1.0")?.status == 421)
          #expect(page.get(path, hosts: ["localhost", "evil.example"])?.status == 400)
          #expect(page.get(path, hosts: [])?.status == 400)
        }
        let status = try database.tailrace(["status", "--admin", "localhost:\(page.port)"])
        #expect(try status.exitCode() == 0, "\(status.errors.text)")
      }
    }

    @Test func `a token's file that others reach is warned of, and one that goes or holds none is told of`() throws {
      try withDatabase { database in
        let token = database.files.file("token")
        func write(_ text: String, mode: Int = 0o600) throws {
          try Data(text.utf8).write(to: URL(filePath: token))
          try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: token)
        }
        let options = ["--admin", "127.0.0.1:0", "--admin-token-file", token]
        for (mode, words) in [(0o644, "can be read by other users"), (0o666, "can be changed by other users")] {
          try write("s3cret\n", mode: mode)
          let stream = try database.streamToFile(options + ["--until", "now"])
          #expect(try stream.exitCode() == 0)
          #expect(stream.messages.contains { $0.contains(token) && $0.contains(words) }, "\(stream.errors.text)")
          let peek = try database.tailrace(["peek"] + database.names + options)
          #expect(try peek.exitCode() == 0)
          #expect(peek.errors.text.contains(words), "\(peek.errors.text)")
        }
        try write("s3cret\n")
        let stream = try database.streamToFile(options)
        let page = try AdminPage(of: stream)
        func isKnown(_ token: String) -> Bool {
          page.get("/status", "authorization: Bearer \(token)\r\n")?.status == 200
        }
        #expect(isKnown("s3cret") && !stream.errors.text.contains("other users"))
        for (text, words) in [("", "is empty"), ("\u{FEFF}new\n", "byte order mark"), ("a b\n", "no blank")] {
          try write(text)
          try wait(until: "\(words) is told") { stream.messages.contains { $0.contains(token) && $0.contains(words) } }
          #expect(isKnown("s3cret"))
        }
        try FileManager.default.removeItem(atPath: token)
        try wait(until: "that it is gone is told") { stream.errors.text.contains("there is no such file") }
        #expect(isKnown("s3cret") && !stream.errors.text.contains("s3cret"))
        try write("new\n")
        try wait(until: "that it is there is told") { stream.errors.text.contains("can be used again") }
        #expect(isKnown("new") && !isKnown("s3cret"))
      }
    }

    @Test func `large requests, slow clients and a thousand connections neither grow it nor hold it up`() throws {
      try withDatabase { database in
        let stream = try database.streamToFile(["--admin", "127.0.0.1:0"])
        let page = try AdminPage(of: stream)
        try page.wait(untilReady: true, within: 20)
        for _ in 0..<20 { _ = page.get("/metrics") }
        let before = try ProcessFacts.memory(stream.pid)
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        for number in 0..<1000 {
          let socket = TCP.connect(to: page.port)
          guard socket >= 0 else { continue }
          sockets.append(socket)
          // Some say nothing, some begin and go no further.
          if number % 2 == 0 { _ = TCP.send(Array("GET /metrics HTTP/1.1\r\nhost: a\r\nx: ".utf8), to: socket) }
        }
        #expect(sockets.count > 900)
        for request in [
          "POST /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: 10000000\r\n\r\n", "GET /metrics HTTP/1.1\r\nx: ",
        ] {
          let socket = TCP.connect(to: page.port)
          sockets.append(socket)
          _ = TCP.send(Array(request.utf8), to: socket)
          for _ in 0..<10 where !TCP.send([UInt8](repeating: 0x61, count: 1_000_000), to: socket) { break }
        }
        try database.psql("SELECT place(1, 1000);")
        try wait(until: "events flow") { database.fileLines.count == 1000 }
        #expect(page.get("/metrics")?.status == 200)
        #expect(try ProcessFacts.memory(stream.pid) - before < 8_000, "in kB")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/\(stream.pid)/fd").count < 120)
      }
    }
  }
}
