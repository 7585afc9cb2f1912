// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Relay
import TestStream
import Testing

/// Lets expectations call what mutates.
private final class Rule {
  private var rule: ConfirmRule

  init(flushed: UInt64 = 0, awaitsCleanUp: Bool = false) {
    rule = ConfirmRule(flushed: LSN(rawValue: flushed), awaitsCleanUp: awaitsCleanUp)
  }

  var flushed: UInt64 { rule.flushed.rawValue }
  var confirmable: UInt64 { rule.confirmable.rawValue }
  var bytesInFlight: Int { rule.bytesInFlight }
  var batchesInFlight: Int { rule.batchesInFlight }
  var isIdle: Bool { rule.isIdle }

  func reach(_ end: UInt64) { rule.reach(LSN(rawValue: end)) }
  func prepare(_ id: UInt32, at lsn: UInt64) { rule.prepare(id, at: LSN(rawValue: lsn)) }
  func settle(_ id: UInt32) { rule.settle(id) }
  func submit(_ bytes: Int = 1) -> Int { rule.submit(bytes: bytes) }
  @discardableResult func finish(_ number: Int) -> Bool { rule.finish(number) }
  var isSettled: Bool { rule.isSettled }
  func clean(_ number: Int) { rule.clean(number) }
  func advance() { rule.advance() }
  func restart() { rule.restart() }
}

@Suite struct ConfirmRuleTests {
  @Test func `only what has nothing unfinished before it counts`() {
    let rule = Rule()
    let numbers = (1...3 as ClosedRange<UInt64>).map { end in
      rule.reach(end * 10)
      return rule.submit(10)
    }
    #expect(numbers == [0, 1, 2])
    #expect(rule.bytesInFlight == 30)
    rule.finish(2)
    rule.finish(1)
    #expect(rule.flushed == 0)
    #expect(rule.bytesInFlight == 30)
    rule.finish(0)
    #expect(rule.flushed == 30)
    #expect(rule.bytesInFlight == 0)
    #expect(rule.isIdle)
    #expect(rule.submit() == 3, "numbers go on")
  }

  @Test func `a batch confirms what was complete when it was handed over`() {
    let rule = Rule()
    rule.reach(10)
    let number = rule.submit()
    rule.reach(20)
    rule.finish(number)
    #expect(rule.flushed == 10)
  }

  @Test func `with something in flight the stream's own position does not count`() {
    let rule = Rule(flushed: 5)
    rule.reach(10)
    let number = rule.submit()
    rule.reach(100)
    rule.advance()
    #expect(rule.flushed == 5)
    rule.finish(number)
    #expect(rule.flushed == 10)
    rule.advance()
    #expect(rule.flushed == 100)
    rule.reach(50)
    rule.advance()
    #expect(rule.flushed == 100)
  }

  @Test func `a batch that is said to be durable twice, or was never under way, changes nothing`() {
    let rule = Rule()
    rule.reach(10)
    let (first, second) = (rule.submit(), rule.submit())
    #expect(rule.finish(second))
    #expect(!rule.finish(second))
    #expect(rule.finish(first))
    for number in [first, second, -1, 7, .max] { #expect(!rule.finish(number)) }
    #expect(rule.batchesInFlight == 0)
  }

  @Test func `a prepared transaction holds the position back until all its rows are in batches`() {
    let rule = Rule()
    rule.reach(10)
    rule.prepare(7, at: 15)
    rule.prepare(8, at: 12)
    rule.reach(40)
    #expect(rule.confirmable == 12)
    let part = rule.submit()
    rule.finish(part)
    #expect(rule.flushed == 12, "rows of the other part are still to come")
    rule.settle(8)
    #expect(rule.confirmable == 15)
    rule.settle(7)
    rule.advance()
    #expect(rule.flushed == 40)
  }

  @Test func `after a restart prepared transactions come again, and so does what follows them`() {
    let rule = Rule()
    rule.reach(10)
    rule.prepare(7, at: 12)
    rule.reach(30)
    rule.restart()
    #expect(rule.confirmable == 12)
    rule.advance()
    #expect(rule.flushed == 12)
  }

  @Test func `where rows are cleaned up, durable is not enough`() {
    let rule = Rule(awaitsCleanUp: true)
    let numbers = (1...3 as ClosedRange<UInt64>).map { end in
      rule.reach(end * 10)
      return rule.submit(10)
    }
    rule.clean(numbers[1])
    rule.finish(numbers[1])
    rule.finish(numbers[0])
    #expect(rule.flushed == 0 && rule.bytesInFlight == 10, "they are with the sink no more, and the table still waits")
    rule.clean(numbers[0])
    #expect(rule.flushed == 20)
    rule.finish(numbers[2])
    #expect(rule.isIdle && !rule.isSettled)
    rule.reach(90)
    rule.advance()
    #expect(rule.flushed == 20, "nor does the stream's own position count")
    rule.clean(7)
    rule.clean(numbers[2])
    #expect(rule.isSettled && rule.flushed == 30)
    rule.advance()
    #expect(rule.flushed == 90)
  }

  /// Batches that become durable and clean in any order, against the definition.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func `confirmed never passes a batch that is not clean and never goes back`(seed: UInt64) {
    var random = Randomness(seed: seed)
    let rule = Rule(awaitsCleanUp: true)
    var batches: [(confirms: UInt64, isDurable: Bool, isClean: Bool)] = []
    var highest: UInt64 = 0
    for _ in 0..<500 {
      let number = batches.indices.filter { !batches[$0].isDurable || !batches[$0].isClean }
        .randomElement(using: &random)
      switch Int.random(in: 0...2, using: &random) {
      case 1:
        guard let number else { continue }
        rule.finish(number)
        batches[number].isDurable = true
      case 2:
        guard let number else { continue }
        rule.clean(number)
        batches[number].isClean = true
      default:
        highest += UInt64.random(in: 0...9, using: &random)
        rule.reach(highest)
        #expect(rule.submit() == batches.count)
        batches.append((highest, false, false))
      }
      #expect(rule.flushed == batches.prefix { $0.isDurable && $0.isClean }.map(\.confirms).max() ?? 0)
      #expect(rule.batchesInFlight == batches.count - batches.prefix { $0.isDurable }.count)
    }
  }

  /// Batches that finish in any order, against the definition.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func `confirmed never passes an unfinished batch and never goes back`(seed: UInt64) {
    var random = Randomness(seed: seed)
    let rule = Rule()
    var batches: [(confirms: UInt64, size: Int, isDone: Bool)] = []
    var last: UInt64 = 0
    var highest: UInt64 = 0
    for _ in 0..<500 {
      let open = batches.indices.filter { !batches[$0].isDone }
      if open.isEmpty || Bool.random(using: &random) {
        highest += UInt64.random(in: 0...9, using: &random)
        rule.reach(highest)
        let size = Int.random(in: 1...100, using: &random)
        #expect(rule.submit(size) == batches.count)
        batches.append((highest, size, false))
      } else if let number = open.randomElement(using: &random) {
        rule.finish(number)
        batches[number].isDone = true
      }
      let done = batches.prefix { $0.isDone }
      #expect(rule.flushed == done.map(\.confirms).max() ?? 0)
      #expect(rule.bytesInFlight == batches.dropFirst(done.count).map(\.size).reduce(0, +))
      #expect(rule.flushed >= last)
      last = rule.flushed
    }
  }
}
