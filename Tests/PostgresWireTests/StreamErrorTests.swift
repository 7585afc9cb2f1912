import PostgresWire
import Testing

@Suite struct StreamErrorTests {
  @Test func `an error is one line with code and advice`() {
    let error = StreamError(.unavailable, "first\nsecond\r\nthird", advice: "wait", sqlState: "55006")
    #expect(error.description == "first second third (SQLSTATE 55006); wait")
    #expect(!error.isRetryable)
    #expect(StreamError(.internal, "plain").description == "plain")
  }
}
