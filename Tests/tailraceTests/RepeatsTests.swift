// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import tailrace

struct RepeatsTests {
  @Test func `the first of a kind are said, the others counted and summed up`() {
    var repeats = Repeats()
    let start = ContinuousClock.now
    for number in 0..<Repeats.burst { #expect(repeats.take("warning: lost, in \(number) s", now: start) == .say) }
    #expect(repeats.take("warning: lost, in 98 s", now: start) == .count(until: start + Repeats.window))
    #expect(repeats.take("warning: lost, in 99 s", now: start) == .count(until: nil))
    #expect(repeats.take("warning: found, in 99 s", now: start) == .say)
    #expect(repeats.summaries(all: false, now: start + .seconds(59)).isEmpty)
    #expect(
      repeats.summaries(all: false, now: start + .seconds(60)).map(\.text) == [
        "warning: lost, in 99 s (came 2 more times within 60 s)"
      ])
    #expect(repeats.take("warning: lost, in 1 s", now: start + .seconds(61)) == .say)
    #expect(repeats.summaries(all: true).isEmpty)
  }

  @Test func `however many kinds there are, few are kept in mind`() {
    var repeats = Repeats()
    for letter in 0..<10_000 { #expect(repeats.take(String(repeating: "x", count: letter)) == .say) }
  }
}
