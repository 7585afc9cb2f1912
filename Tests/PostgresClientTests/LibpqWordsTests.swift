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
      ("could not translate host name \"nowhere.example\" to address: Name or service not known", nil),
      ("connection to server at \"127.0.0.1\", port 1 failed: Connection refused", nil), ("", nil),
    ] as [(String, FailureKind?)])
  func `a message means what it should`(message: String, kind: FailureKind?) {
    #expect(LibpqWords.meaning(of: message) == kind)
  }

  @Test func `what libpq quotes of a connection string is shown only where it is a name`() {
    let secret = "missing \"=\" after \"opensesame\" in connection info string"
    #expect(!ServerErrors.malformedConnectionString(secret).description.contains("sesame"))
    let name = ServerErrors.malformedConnectionString("invalid connection option \"hots\"")
    #expect(name.description.contains("hots"))
    #expect(name.kind == .connectionString)
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

  @Test func `without a code the connection was lost`() {
    #expect(ServerErrors.error("", sqlState: nil).kind == .connection)
    let refused = ServerErrors.connecting(
      "FATAL:  28P01: password authentication failed for user \"a\"\nLOCATION:  auth_failed, auth.c:340\n",
      needsPassword: false)
    #expect(refused.kind == .authentication)
    #expect(!refused.description.contains("LOCATION"))
  }
}
