// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import IntegrationEvents
import Testing

@testable import HTTPDelivery

struct RetryTests {
  @Test(arguments: [
    (200, AnswerPolicy.Meaning.delivered), (204, .delivered), (299, .delivered), (301, .misdirected),
    (400, .refused), (401, .misdirected), (403, .misdirected), (404, .misdirected), (405, .misdirected),
    (407, .misdirected), (409, .refused), (410, .gone), (413, .refused), (415, .refused), (422, .refused),
    (408, .retry), (425, .retry), (429, .retry), (500, .retry), (501, .refused), (503, .retry), (599, .retry),
    (600, .retry), (999, .retry),
  ])
  func `each status means what it should`(status: Int, meaning: AnswerPolicy.Meaning) {
    #expect(AnswerPolicy().meaning(of: status) == meaning)
  }

  @Test func `codes can be moved`() {
    var policy = AnswerPolicy()
    policy.retried = [409]
    policy.refused = [500, 404, 410]
    #expect(policy.meaning(of: 409) == .retry)
    #expect(policy.meaning(of: 500) == .refused)
    #expect(policy.meaning(of: 404) == .refused)
    #expect(policy.meaning(of: 410) == .gone, "never a letter")
  }

  @Test(arguments: [
    ("0", 0), ("120", 120), (" 7 ", 7), ("99999999999999999999", 1_000_000_000),
    ("Sun, 06 Nov 1994 08:49:37 GMT", 100), ("Sunday, 06-Nov-94 08:49:37 GMT", 100), ("Sun Nov  6 08:49:37 1994", 100),
    ("Sun, 06 Nov 1994 08:40:00 GMT", 0),
  ])
  func `Retry-After is read in all its forms`(value: String, seconds: Int) {
    // 784111777 is that instant; it is asked a hundred seconds before.
    #expect(RetryAfter.duration(value, nowUnixSeconds: 784_111_677) == .seconds(seconds))
  }

  @Test(arguments: [
    "", "soon", "-1", "1.5", "Sun, 06 Nov", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
  ])
  func `a Retry-After that makes no sense is passed over`(value: String) {
    #expect(RetryAfter.duration(value, nowUnixSeconds: 0) == nil)
  }

  @Test func `secrets must be whsec_ and base64 of some length`() {
    #expect(StandardWebhooks(secrets: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") != nil)
    #expect(StandardWebhooks(secrets: "") == nil)
    #expect(StandardWebhooks(secrets: "whsec_Zg==") == nil)
    #expect(StandardWebhooks(secrets: "whsec_!!!") == nil)
    // Without the prefix it may be a passphrase that happens to be base64, which would be another key.
    #expect(StandardWebhooks(secrets: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") == nil)
    #expect(StandardWebhooks(secrets: "correcthorsebatterystaple+tronado") == nil)
    for (count, isRight) in [(23, false), (24, true), (64, true), (65, false)] {
      let secret = "whsec_\(Data(repeating: 1, count: count).base64EncodedString())"
      #expect((StandardWebhooks(secrets: secret) != nil) == isRight, "\(count) bytes")
      #expect(StandardWebhooks(secrets: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n\(secret)") == nil || isRight)
    }
  }

  @Test func `a header file cannot smuggle line ends or odd names`() {
    #expect(HTTPCredentials.headers(from: "X-A: 1\n# note\n\nB:2 3")?.map(\.name) == ["X-A", "B"])
    #expect(HTTPCredentials.headers(from: "no colon") == nil)
    #expect(HTTPCredentials.headers(from: "bad name: 1") == nil)
    #expect(HTTPCredentials.headers(from: "a: \u{1}") == nil)
  }

  @Test(arguments: [
    ("https://user:pw@host.example/p?token=1", "https://host.example/p"), ("http://h:1/a@b", "http://h:1/a@b"),
  ])
  func `a URL is shown without its secrets`(url: String, shown: String) {
    #expect(url.withoutSecrets == shown)
  }
}
