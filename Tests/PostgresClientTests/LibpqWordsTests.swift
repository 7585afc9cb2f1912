// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@testable import PostgresClient

/// Messages as libpq has them; that it still has them the tests against servers show.
@Suite struct LibpqWordsTests {
  @Test(
    arguments: [
      ("invalid sslmode value: \"opensesame\"", .connectionString),
      ("invalid port number: \"99999999\"", .connectionString),
      ("could not open certificate file \"client.crt\": No such file or directory", .certificate),
      ("root certificate file \"root.crt\" does not exist", .certificate),
      ("server does not support SSL, but SSL was required", .certificate),
      ("SSL error: certificate verify failed", .certificate),
      ("definition of service \"shop\" not found", .connectionSettings),
      ("syntax error in service file \"/etc/pg_service.conf\", line 5", .connectionSettings),
      ("line 7 too long in service file \"/etc/pg_service.conf\"", .connectionSettings),
      ("nested service specifications not supported in service file \"a\", line 2", .connectionSettings),
      ("channel binding is required, but server did not offer an authentication method", .connectionSettings),
      ("authentication method requirement \"scram-sha-256\" failed: server accepts connection", .connectionSettings),
      ("could not match 2 port numbers to 3 hosts", .connectionString),
      ("SSL error: tlsv1 alert unknown ca", .certificate),
      ("could not load private key file \"client.key\": bad decrypt", .certificate),
      ("server does not support GSSAPI encryption, but it was required", .certificate),
      ("SSL SYSCALL error: EOF detected", nil), ("SSL SYSCALL error: Connection reset by peer", nil),
      ("SSL error: unexpected eof while reading", nil), ("SSL error: wrong version number", nil),
      ("could not translate host name \"nowhere.example\" to address: Name or service not known", nil),
      ("connection to server at \"127.0.0.1\", port 1 failed: Connection refused", nil), ("", nil),
    ] as [(String, FailureKind?)])
  func `a message means what it should`(message: String, kind: FailureKind?) {
    #expect(LibpqWords.meaning(of: message) == kind)
  }

  @Test(arguments: [
    "missing \"=\" after \"opensesame\" in connection info string", "invalid connection option \"opensesame\"",
    "invalid percent-encoded token: \"open\"sesame%zz\"",
  ])
  func `what libpq quotes of a connection string is not shown`(words: String) {
    let failure = ServerErrors.malformedConnectionString(words)
    #expect(!failure.description.contains("sesame"))
    #expect(failure.kind == .connectionString)
  }

  @Test func `of several hosts the last one's words count`() {
    let certificate = "connection to server at \"a\", port 1 failed: SSL error: certificate verify failed"
    let refused = "connection to server at \"b\", port 2 failed: Connection refused"
    #expect(ServerErrors.connecting("\(refused)\n\(certificate)\n", needsPassword: false).kind == .certificate)
    #expect(ServerErrors.connecting("\(certificate)\n\(refused)\n", needsPassword: false).kind == .connection)
  }

  @Test(arguments: [
    ("28P01", FailureKind.authentication), ("42501", .privilege), ("57P01", .connection), ("08006", .connection),
    ("22021", .encoding), ("0A000", .server), ("ZZ000", .server), ("55006", .slotInUse),
  ])
  func `a code of the server means what it should`(code: String, kind: FailureKind) {
    let failure = ServerErrors.error("words", sqlState: code)
    #expect(failure.kind == kind)
    #expect(failure.sqlState == code)
  }

  @Test func `a limit of our own is not taken for a server that is away`() {
    let refused = ServerErrors.connecting(
      "connection to server at \"127.0.0.1\", port 5432 failed: could not create socket: Too many open files\n",
      needsPassword: false)
    #expect(refused.kind == .connection && refused.advice?.description.contains("limit of open files") == true)
  }

  @Test func `without a code the connection was lost`() {
    #expect(ServerErrors.error("", sqlState: nil).kind == .connection)
    let refused = ServerErrors.connecting(
      "FATAL:  28P01: password authentication failed for user \"a\"\nLOCATION:  auth_failed, auth.c:340\n",
      needsPassword: false)
    #expect(refused.kind == .authentication)
    #expect(!refused.description.contains("LOCATION"))
  }
}
