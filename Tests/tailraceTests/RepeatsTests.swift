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

  @Test(arguments: [
    ("table public.orders_2024 is read again", "table public.orders_2025 is read again", false),
    ("slot=orders1 was lost", "slot=orders2 was lost", false), ("p1 and p2", "p1 and p3", false),
    ("\"b2\" fails", "\"b3\" fails", false), ("in 5 s", "in 12 s", true), ("took 5ms, again", "took 17ms, again", true),
    ("LSN 0/16B3748: no", "LSN 1A/FFFFFFF0: no", true), ("count=5 lost", "count=61 lost", true),
    ("at 00000000016B3748-0000000001,", "at 00000000016B3799-0000000007,", true),
    ("event 6f1c0a52-1111-4222-8333-944455556666 waits", "event aaaaaaaa-1111-4222-8333-944455556666 waits", true),
    ("97 % of it", "98 % of it", true), ("PID 4711:", "PID 12:", true),
  ])
  func `names are no numbers, and positions are`(first: String, second: String, areAlike: Bool) {
    var repeats = Repeats()
    for _ in 0..<Repeats.burst { #expect(repeats.take(first) == .say) }
    #expect((repeats.take(second) != .say) == areAlike)
  }

  @Test func `however many kinds there are, few are kept in mind`() {
    var repeats = Repeats()
    for letter in 0..<10_000 { #expect(repeats.take(String(repeating: "x", count: letter)) == .say) }
  }
}
