// SPDX-License-Identifier: Apache-2.0

package import Delivery
import Synchronization

/// What every sink has to hold to, tried on one.
package struct SinkConformance: Sendable {
  /// A sink and its destination, as a test can handle it. All from scratch.
  package struct Subject: Sendable {
    package let sink: any Sink
    /// The ids that have arrived, in order.
    package let arrived: @Sendable () async throws -> [String]
    /// Makes the destination take nothing for now, and go on; nil where it cannot be made to.
    package let hold: (@Sendable (Bool) async throws -> Void)?
    /// Makes the destination unusable for good; nil where it cannot be made so.
    package let spoil: (@Sendable () async throws -> Void)?

    package init(
      _ sink: any Sink, arrived: @escaping @Sendable () async throws -> [String],
      hold: (@Sendable (Bool) async throws -> Void)? = nil, spoil: (@Sendable () async throws -> Void)? = nil
    ) {
      self.sink = sink
      self.arrived = arrived
      self.hold = hold
      self.spoil = spoil
    }
  }

  private let make: @Sendable () async throws -> Subject

  package init(_ make: @escaping @Sendable () async throws -> Subject) {
    self.make = make
  }

  /// What is wrong with the sink, in words; nothing for one that is right.
  package func violations() async throws -> [String] {
    var found: [String] = []
    for (name, check) in [
      ("order", order), ("window", window), ("failure", failure), ("close", close),
    ] as [(String, (Subject) async throws -> [String])] {
      found += try await check(try await make()).map { "\(name): \($0)" }
    }
    return found
  }

  /// Events of three keys, submitted as the window allows, all arrive once and in order by key.
  private func order(_ subject: Subject) async throws -> [String] {
    let calls = Calls()
    for number in 0..<60 {
      try await calls.submit(try Self.batch(number, keys: 3), to: subject.sink)
    }
    try await calls.wait(for: 60)
    subject.sink.close()
    var found = calls.violations
    if calls.failures > 0 { found.append("\(calls.failures) batches failed") }
    let arrived = try await subject.arrived()
    for key in 0..<3 {
      let ids = arrived.compactMap { Int($0) }.filter { $0 % 3 == key }
      if ids != Array(stride(from: key, to: 180, by: 3)) { found.append("key \(key) arrived as \(ids)") }
    }
    return found
  }

  /// A sink holds a whole window while its destination takes nothing.
  private func window(_ subject: Subject) async throws -> [String] {
    let calls = Calls()
    var found: [String] = []
    if subject.sink.window.batches < 1 || subject.sink.window.bytes < 1 || subject.sink.window.partialBatches < 1 {
      found.append("nothing may be submitted")
    }
    try await subject.hold?(true)
    var count = 0
    while count < 40, calls.hasRoom(in: subject.sink) {
      calls.submitAtOnce(try Self.batch(count, keys: 1), to: subject.sink)
      count += 1
    }
    try await subject.hold?(false)
    try await calls.wait(for: count)
    subject.sink.close()
    let arrived = try await subject.arrived()
    if arrived != (0..<count * 3).map(String.init) { found.append("arrived as \(arrived)") }
    return found + calls.violations
  }

  /// After a failure no batch is done, and nothing arrives any more.
  private func failure(_ subject: Subject) async throws -> [String] {
    guard let spoil = subject.spoil else { return [] }
    let calls = Calls()
    try await calls.submit(try Self.batch(0, keys: 1), to: subject.sink)
    try await calls.wait(for: 1)
    let before = try await subject.arrived()
    try await spoil()
    calls.submitAtOnce(try Self.batch(1, keys: 1), to: subject.sink)
    try await calls.wait(for: 2)
    for number in 2..<5 { calls.submitAtOnce(try Self.batch(number, keys: 1), to: subject.sink) }
    try await calls.wait(for: 5)
    subject.sink.close()
    var found = calls.violations
    if calls.failures != 4 { found.append("\(calls.failures) of 4 batches failed") }
    if try await subject.arrived() != before { found.append("something arrived after the failure") }
    return found
  }

  /// On return from `close` every batch has its fate; what was not on the wire never arrives.
  private func close(_ subject: Subject) async throws -> [String] {
    let calls = Calls()
    try await subject.hold?(true)
    var count = 0
    while count < 10, calls.hasRoom(in: subject.sink) {
      calls.submitAtOnce(try Self.batch(count, keys: 1), to: subject.sink)
      count += 1
    }
    subject.sink.close()
    var found: [String] = []
    if calls.count != count { found.append("\(count - calls.count) batches are open after the return") }
    calls.submitAtOnce(try Self.batch(count, keys: 1), to: subject.sink)
    if calls.count != count + 1 { found.append("a batch after the end is left open") }
    try await subject.hold?(false)
    try await Task.sleep(for: .milliseconds(200))
    let arrived = try await subject.arrived()
    if arrived != (0..<arrived.count).map(String.init) { found.append("arrived as \(arrived)") }
    if arrived.contains("\(count * 3)") { found.append("a batch arrived that was submitted after the end") }
    return found + calls.violations
  }

  /// Three events, numbered on, of keys in turn.
  private static func batch(_ number: Int, keys: Int) throws -> EventBatch {
    let samples = (number * 3..<number * 3 + 3).map { Events.Sample(id: "\($0)", key: "key-\($0 % keys)") }
    return try Events.batch(samples, from: UInt64(number * 3 + 1))
  }
}

/// The calls of `done`, counted for each batch.
private final class Calls: Sendable {
  private struct State {
    var calls: [Int] = []
    var failures = 0
    var bytes: [Int] = []
  }

  private let state = Mutex(State())

  var count: Int { state.withLock { $0.calls.count { $0 > 0 } } }
  var failures: Int { state.withLock { $0.failures } }

  /// Batches that were told their fate more than once.
  var violations: [String] {
    state.withLock { state in
      state.calls.enumerated().filter { $1 > 1 }.map { "batch \($0) was told its fate \($1) times" }
    }
  }

  func hasRoom(in sink: any Sink) -> Bool {
    let (batches, bytes) = state.withLock { state in
      let open = state.calls.indices.filter { state.calls[$0] == 0 }
      return (open.count, open.map { state.bytes[$0] }.reduce(0, +))
    }
    return sink.window.hasRoom(besides: batches, bytes: bytes)
  }

  func submitAtOnce(_ batch: EventBatch, to sink: any Sink) {
    let number = state.withLock { state in
      state.calls.append(0)
      state.bytes.append(batch.bytes.count)
      return state.calls.count - 1
    }
    sink.submit(batch) { failure in
      self.state.withLock { state in
        state.calls[number] += 1
        if failure != nil { state.failures += 1 }
      }
    }
  }

  /// Waits for room, as a relay does.
  func submit(_ batch: EventBatch, to sink: any Sink) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while !hasRoom(in: sink), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(1)) }
    submitAtOnce(batch, to: sink)
  }

  func wait(for number: Int) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while count < number, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(1)) }
    // Long enough for a second call to show.
    try await Task.sleep(for: .milliseconds(20))
  }
}
