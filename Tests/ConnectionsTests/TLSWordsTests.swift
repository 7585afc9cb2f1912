// SPDX-License-Identifier: Apache-2.0

import Connections
import Testing

/// Messages as the TLS library has them; that it still has them the tests against receivers show.
@Suite struct TLSWordsTests {
  @Test(
    arguments: [
      (
        "handshakeFailed(NIOSSL.BoringSSLError.sslError([Error: 268436501 error:10000415:SSL routines:OPENSSL_internal:SSLV3_ALERT_CERTIFICATE_EXPIRED]))",
        .wantsOurs
      ),
      ("error:1000045c:SSL routines:OPENSSL_internal:TLSV1_ALERT_CERTIFICATE_REQUIRED", .wantsOurs),
      (
        "handshakeFailed(NIOSSL.BoringSSLError.sslError([Error: 268435581 error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED]))",
        .untrusted
      ),
      ("NIOSSLExtraError.failedToValidateHostname: Couldn't find 127.0.0.1 in certificate from peer", .untrusted),
      (
        "handshakeFailed(NIOSSL.BoringSSLError.sslError([Error: 268435703 error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER]))",
        .plain
      ),
      ("uncleanShutdown", nil), ("handshakeFailed(NIOSSL.BoringSSLError.eofDuringHandshake)", nil),
      ("error:10000410:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE", nil),
      ("error:10000438:SSL routines:OPENSSL_internal:TLSV1_ALERT_INTERNAL_ERROR", nil),
      ("error:1000042e:SSL routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION", .version),
      ("error:10000418:SSL routines:OPENSSL_internal:TLSV1_ALERT_UNKNOWN_CA", .wantsOurs),
    ] as [(String, TLSWords.Meaning?)])
  func `a message means what it should`(message: String, meaning: TLSWords.Meaning?) {
    #expect(TLSWords.meaning(of: message) == meaning)
  }

  @Test func `of a message only that part is shown that says something`() {
    let message = "sslError([Error: 268435703 error:100000f7:SSL routines:OPENSSL_internal:NO_SHARED_CIPHER])"
    #expect(TLSWords.short(message) == "no shared cipher")
    #expect(TLSWords.short("uncleanShutdown") == "uncleanShutdown")
  }
}
