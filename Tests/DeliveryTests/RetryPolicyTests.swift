// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Delivery

struct RetryPolicyTests {
  @Test func `pauses grow up to the longest, with jitter`() {
    let policy = RetryPolicy()
    for failures in 1...40 {
      let ceiling = min(policy.firstPause * (1 << min(failures - 1, 20)), policy.longestPause)
      for _ in 0..<20 { #expect((.zero...ceiling).contains(policy.pause(afterFailures: failures))) }
    }
  }
}

struct ConcurrencyLimitTests {
  @Test func `the limit grows while answers stay fast, and shrinks when the receiver fails`() {
    var limit = ConcurrencyLimit(maximum: 100)
    for _ in 0..<1000 { limit.succeeded(in: .milliseconds(10)) }
    #expect(limit.current == 100)
    limit.failed()
    #expect(limit.current == 50)
    limit.failed()
    #expect(limit.current == 50, "at most once a round")
    for _ in 0..<300 { limit.succeeded(in: .milliseconds(100)) }
    #expect(limit.current < 30)
    #expect(limit.current >= 1)
  }
}
