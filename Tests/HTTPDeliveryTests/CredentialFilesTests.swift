// SPDX-License-Identifier: Apache-2.0

import Foundation
import PostgresWire
import TestStream
import Testing

@testable import HTTPDelivery

/// What files of credentials may say, who may reach them, and what is shown of an address.
@Suite struct CredentialFilesTests {
  @Test(arguments: [
    ("http://127.0.0.1#@evil.example/", "http://127.0.0.1"), ("http://127.0.0.1?@evil.example/x", "http://127.0.0.1"),
    ("http://127.0.0.1\\@evil.example/", "http://127.0.0.1"),
    ("https://u:p@a.example/p?token=1", "https://a.example/p"),
    ("//u:p@a.example/p#f?x=1", "//a.example/p"), ("///u:p@a.example", "///a.example"),
    ("u:p@a.example/p", "a.example/p"),
    ("https:u:p@a.example/", "a.example/"), ("/a;jsessionid=1/b;c", "/a/b"), (";jsessionid=1", ""), ("", ""),
    ("/go/https://u:p@a.example/", "/go/https://a.example/"), ("https://u:p;x@a.example;y/", "https://a.example/"),
    ("https://u:p?x@a.example/", "https://u"), ("https://[::1]:8080/p", "https://[::1]:8080/p"), ("/x@y", "/x@y"),
    ("//a.example:8080/", "//a.example:8080/"), ("?x=1", ""),
    ("https://u:p@evil@a.example/p", "https://a.example/p"), ("https://a.example/x@y", "https://a.example/x@y"),
  ])
  func `an address is shown with the host it leads to, and without secrets`(url: String, shown: String) {
    #expect(url.withoutSecrets == shown)
  }

  @Test(arguments: [
    "Host: evil", "content-type: text/html", "Content-Length: 0", "Transfer-Encoding: chunked", "Connection: close",
    "content-encoding: br", "TE: trailers", "Upgrade: h2c", "Webhook-Signature: v1,x", "ce-id: 1", "Traceparent: x",
    "Idempotency-Key: 1", "Expect: 100-continue", "CE_ID: x", "Content_Length: 5", "webhook_id: 1", "ce_id: 1",
    "Ce-my_own: 1",
  ])
  func `a header file cannot set what the request itself sets`(line: String) throws {
    let directory = try TemporaryDirectory()
    var files = CredentialFiles()
    files.headers = try directory.write(Array("X-Tenant: a\n\(line)\n".utf8), "headers")
    let name = line.prefix { $0 != ":" }.lowercased()
    do {
      _ = try HTTPCredentials(files, user: nil)
      Issue.record("it is taken")
    } catch {
      #expect(error.kind == .credentials && "\(error)".contains("\(name) is a field"), "\(error)")
    }
  }

  @Test func `a header file cannot set a second authorization`() throws {
    let directory = try TemporaryDirectory()
    var files = CredentialFiles()
    files.headers = try directory.write(Array("Authorization: Custom x\n".utf8), "headers")
    #expect(throws: Never.self) { try HTTPCredentials(files, user: nil) }
    files.bearerToken = try directory.write(Array("token".utf8), "token")
    #expect(throws: Failure.self) { try HTTPCredentials(files, user: nil) }
  }

  @Test func `files that others can reach are told of, secrets sooner than authorities`() throws {
    let directory = try TemporaryDirectory()
    var files = CredentialFiles()
    let (secret, authority) = (try directory.write([], "secret"), try directory.write([], "authority"))
    files.signingSecrets = secret
    let expected: [(Int, Int, Int)] = [(0o600, 0, 0), (0o640, 0, 0), (0o644, 1, 0), (0o660, 0, 0), (0o606, 1, 1)]
    for (mode, secrets, authorities) in expected {
      for path in [secret, authority] { #expect(chmod(path, mode_t(mode)) == 0) }
      #expect(files.warnings().count == secrets, "\(String(mode, radix: 8))")
      #expect(files.warnings(trusted: [authority]).count == secrets + authorities, "\(String(mode, radix: 8))")
    }
    #expect(CredentialFiles().warnings(secrets: [directory.file("none")]).isEmpty)
  }
}
