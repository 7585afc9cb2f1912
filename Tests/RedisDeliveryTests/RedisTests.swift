// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import IntegrationEvents
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import RedisDelivery

/// A real server, read by redis-py.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: RedisServer.isAvailable, "there is no Redis"))
struct RedisTests {
  @Test func `redis-py reads an event with its attributes as fields, the bytes of the row, and its position as id`()
    async throws
  {
    try await RedisServer.with { server in
      let sink = try redisSink(server.address)
      try await sink.check()
      let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      try await sink.deliver(
        try Events.batch([.init(id: "id-1", key: "größe", data: #"{ "n" : 1.0 }"#, traceParent: trace)]))
      #expect(sink.health.doubt == nil)
      sink.close()
      let entry = try #require(try server.entries().first)
      #expect(entry.id == "4096-1" && entry.fields["data"] == #"{ "n" : 1.0 }"#)
      #expect(entry.fields["content-type"] == "application/json" && entry.fields["ce-traceparent"] == trace)
      #expect(entry.fields["ce-id"] == "id-1" && entry.fields["ce-type"] == "OrderPlaced")
      #expect(entry.fields["ce-partitionkey"] == "größe" && entry.fields["ce-aggregatetype"] == "order")
      #expect(entry.fields["ce-specversion"] == "1.0" && entry.fields["ce-time"] == "2023-11-14T22:13:20.000000Z")
      #expect(entry.fields["ce-sequence"] == "0000000000001000-0000000001")
      #expect(entry.names.prefix(2) == ["ce-id", "ce-source"] && entry.names.last == "data")

      let structured = try redisSink(server.address) {
        $0.mode = .structured
        $0.route = Route(literal: "whole")
      }
      let batch = try Events.batch([.init(id: "2", key: "a")])
      try await structured.deliver(batch)
      structured.close()
      let whole = try #require(try server.entries(of: "whole").first)
      #expect(Array((whole.fields["data"] ?? "").utf8) == Array(batch.line(of: batch.events[0])))
      #expect(whole.fields["content-type"] == "application/cloudevents+json; charset=UTF-8")
      #expect(whole.names == ["ce-id", "ce-source", "ce-sequence", "content-type", "data"])
    }
  }

  @Test func `a server that is killed and started again has each event once, in order`() async throws {
    try await RedisServer.with { server in
      let sink = try redisSink(server.address)
      let done = Atomic(0)
      let failed = Atomic(0)
      let rounds = 100
      for round in 0..<rounds {
        if round % 30 == 20 { try server.kill() }
        if round % 30 == 25 { try server.start() }
        let events = samples(round * 50..<round * 50 + 50, keys: 17, types: 3)
        sink.submit(try Events.batch(events, from: UInt64(round * 50 + 1))) {
          if $0 != nil { failed.add(1, ordering: .relaxed) }
          done.add(1, ordering: .relaxed)
        }
        try await Task.sleep(for: .milliseconds(2))
      }
      try await eventually("not all is delivered") { done.load(ordering: .relaxed) == rounds }
      #expect(failed.load(ordering: .relaxed) == 0 && sink.health.failures > 0)
      sink.close()
      for type in 0..<3 {
        let ids = try server.entries(of: "outbox.event.t\(type)").compactMap { Int($0.fields["ce-id"] ?? "") }
        #expect(ids == Array(stride(from: type, to: rounds * 50, by: 3)))
      }
    }
  }

  @Test func `a replica that takes the place of its master is waited for until it may be written, and goes on`()
    async throws
  {
    try await RedisServer.with { master in
      try await RedisServer.with { replica in
        try replica.control("replicaof", "127.0.0.1", "\(master.port)")
        try await eventually("the replica has no master") {
          (try? replica.control("info", "replication").contains("master_link_status:up")) ?? false
        }
        let sink = try redisSink(master.address)
        let done = Atomic(0)
        func submit(_ rounds: Range<Int>) throws {
          for round in rounds {
            let events = samples(round * 50..<round * 50 + 50, keys: 17, types: 3)
            sink.submit(try Events.batch(events, from: UInt64(round * 50 + 1))) {
              #expect($0 == nil)
              done.add(1, ordering: .relaxed)
            }
          }
        }
        try submit(0..<20)
        try await eventually("not all is delivered") { done.load(ordering: .relaxed) == 20 }
        // What a master has not handed on is lost with it.
        #expect(try master.control("wait", "1", "10000") == "1")
        try master.kill()
        try submit(20..<30)
        // The address leads to the replica before it is told that it is the master now.
        try replica.control("config", "set", "port", "\(master.port)")
        try await eventually("nobody says that it is a replica") {
          sink.health.reasons.keys.contains { $0.hasPrefix("READONLY") }
        }
        #expect(done.load(ordering: .relaxed) == 20)
        try master.control("replicaof", "no", "one")
        try submit(30..<40)
        try await eventually("not all is delivered") { done.load(ordering: .relaxed) == 40 }
        sink.close()
        for type in 0..<3 {
          let ids = try master.entries(of: "outbox.event.t\(type)").compactMap { Int($0.fields["ce-id"] ?? "") }
          #expect(ids == Array(stride(from: type, to: 2000, by: 3)))
        }
      }
    }
  }

  @Test func `what comes again is recognised by its own entry, and what another has written there ends it`()
    async throws
  {
    try await RedisServer.with { server in
      let first = try redisSink(server.address)
      try await first.deliver(try Events.batch(samples(0..<10, keys: 3)))
      first.close()
      let again = try redisSink(server.address)
      // Twice: what the newest entry is known by is another then.
      try await again.deliver(try Events.batch(samples(0..<5, keys: 3)))
      try await again.deliver(try Events.batch(samples(2..<15, keys: 3), from: 3))
      again.close()
      var ids = try server.entries().map(\.id)
      #expect(ids == (1...15).map { "4096-\($0)" })
      let other = try redisSink(server.address)
      let failure = await #expect(throws: Failure.self) {
        try await other.deliver(
          try Events.batch([.init(id: "else", key: "a"), .init(id: "new", key: "b")], from: 15))
      }
      other.close()
      #expect(failure?.kind.exitCode == 78 && failure?.isRetryable == false)
      let text = try #require(failure?.description)
      #expect(text.contains("outbox.event.order, whose newest entry is 0000000000001000-0000000015,"), "\(text)")
      #expect(text.contains("the event at 0000000000001000-0000000015"), "\(text)")
      ids = try server.entries().map(\.id)
      #expect(ids.count == 15, "what stands behind it is not added either")
      // An entry that was deleted is not known to have been ours.
      try server.control("xdel", "outbox.event.order", "4096-4")
      let deleted = try redisSink(server.address)
      await #expect(throws: Failure.self) {
        try await deleted.deliver(try Events.batch(samples(3..<4, keys: 3), from: 4))
      }
      deleted.close()
    }
  }

  @Test func `ids of the server and ids that are positions do not come into one stream`() async throws {
    try await RedisServer.with { server in
      let auto: (inout RedisConfiguration) -> Void = { $0.identifiers = .auto }
      let shared = try redisSink(server.address) {
        auto(&$0)
        $0.route = Route(literal: "shared")
      }
      try await shared.deliver(try Events.batch(samples(0..<20, keys: 3)))
      try server.python("r.xadd('shared', {'any': 'thing'})")
      try await shared.deliver(try Events.batch(samples(0..<20, keys: 3)))
      shared.close()
      let numbers = try server.entries(of: "shared").compactMap { Int($0.fields["ce-id"] ?? "") }
      for key in 0..<3 {
        let own = numbers.filter { $0 % 3 == key }
        let once = Array(stride(from: key, to: 20, by: 3))
        #expect(own == once + once)
      }
      let late = try redisSink(server.address) { $0.route = Route(literal: "shared") }
      let refused = await #expect(throws: Failure.self) {
        try await late.deliver(try Events.batch(samples(0..<1, keys: 1)))
      }
      #expect(refused?.kind.exitCode == 78 && refused?.description.contains("are no positions") == true)
      let told = await #expect(throws: Failure.self) { try await late.check() }
      #expect(told?.kind.exitCode == 78)
      late.close()

      let ours = try redisSink(server.address)
      try await ours.deliver(try Events.batch(samples(0..<20, keys: 3)))
      let mixed = try redisSink(server.address, auto)
      let failure = await #expect(throws: Failure.self) {
        try await mixed.deliver(try Events.batch(samples(0..<1, keys: 1)))
      }
      #expect(failure?.kind.exitCode == 78 && failure?.description.contains("ids are positions") == true)
      mixed.close()
      // Somebody writes into it while it is in use.
      try server.python("r.xadd('outbox.event.order', {'any': 'thing'})")
      let disturbed = await #expect(throws: Failure.self) {
        try await ours.deliver(try Events.batch(samples(20..<21, keys: 1), from: 21))
      }
      #expect(disturbed?.kind.exitCode == 78)
      ours.close()
      #expect(try server.entries().count == 21)
    }
  }

  @Test func `a full memory, a replica and a key of another kind are waited for, and nothing overtakes`() async throws {
    try await RedisServer.with { server in
      let letters = MemoryLetters()
      let sink = try redisSink(server.address, letters: letters)
      try await sink.deliver(try Events.batch(samples(0..<10, keys: 3)))
      for (hinder, heal, code) in [
        (["config", "set", "maxmemory", "1"], ["config", "set", "maxmemory", "0"], "OOM"),
        (["replicaof", "127.0.0.1", "1"], ["replicaof", "no", "one"], "READONLY"),
        (["rename", "outbox.event.order", "away"], ["rename", "away", "outbox.event.order"], "WRONGTYPE"),
      ] {
        try server.control(hinder)
        if code == "WRONGTYPE" { try server.control("set", "outbox.event.order", "x") }
        let before = sink.health.failures
        let start = sink.health.delivered
        async let delivered: Void = sink.deliver(
          try Events.batch(samples(start..<start + 10, keys: 3), from: UInt64(start + 1)))
        try await eventually("\(hinder) is not told") { sink.health.failures > before + 1 }
        #expect(sink.health.lastReason.contains(code), "\(sink.health.lastReason)")
        if code == "WRONGTYPE" { #expect(sink.health.lastReason.contains("the stream outbox.event.order")) }
        try server.control(heal)
        try await delivered
      }
      sink.close()
      #expect(letters.all.isEmpty)
      #expect(try server.entries().compactMap { Int($0.fields["ce-id"] ?? "") } == Array(0..<40))
    }
  }

  @Test func `who may not write is told so at the start, and later waited for`() async throws {
    try await RedisServer.with { server in
      let password = server.directory + "/password"
      try "canary\n".write(toFile: password, atomically: true, encoding: .utf8)
      let rights = ["reset", "on", ">canary", "~outbox.event.*", "+eval", "+xadd", "+xrange", "+xrevrange", "+ping"]
      func set(_ words: [String]) throws {
        try server.python("r.execute_command('ACL', 'SETUSER', 'relay', *json.loads('''\(json(words))'''))")
      }
      func json(_ words: [String]) -> String { "[" + words.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
      try set(rights)
      let address = "redis://relay@127.0.0.1:\(server.port)/0"
      let letters = MemoryLetters()
      let sink = try redisSink(address, letters: letters) { $0.passwordFile = password }
      try await sink.check()
      try await sink.deliver(try Events.batch(samples(0..<10, keys: 3)))
      #expect(sink.health.doubt?.contains("does not let us read") == true)
      for (words, told) in [(["-xadd"], "NOPERM"), (["-eval"], "NOPERM"), (["resetkeys"], "NOPERM")] {
        try set(words)
        let (before, start) = (sink.health.failures, sink.health.delivered)
        async let delivered: Void = sink.deliver(
          try Events.batch(samples(start..<start + 10, keys: 3), from: UInt64(start + 1)))
        try await eventually("\(words) is not told") { sink.health.failures > before + 1 }
        #expect(sink.health.lastReason.contains(told), "\(words): \(sink.health.lastReason)")
        try set(rights)
        try await delivered
      }
      // Without the right to choose the database nothing goes into another one.
      let elsewhere = try redisSink("redis://relay@127.0.0.1:\(server.port)/3") { $0.passwordFile = password }
      let kept = await #expect(throws: Failure.self) { try await elsewhere.check() }
      #expect(kept?.kind.exitCode == 77 && kept?.description.contains("NOPERM") == true)
      elsewhere.close()
      // Another password: what is connected stays so, what connects is not let in.
      try set(["resetpass", ">other"])
      try await sink.deliver(try Events.batch(samples(40..<50, keys: 3), from: 41))
      try server.control("client", "kill", "type", "normal")
      async let later: Void = sink.deliver(try Events.batch(samples(50..<60, keys: 3), from: 51))
      try await eventually("a wrong password is not told") { sink.health.lastReason.contains("WRONGPASS") }
      for (user, code, exit) in [("relay@", "WRONGPASS", 77), ("", "NOAUTH", 77)] as [(String, String, Int32)] {
        try server.control("config", "set", "requirepass", user.isEmpty ? "secret" : "")
        let closed = try redisSink("redis://\(user)127.0.0.1:\(server.port)/0") {
          if !user.isEmpty { $0.passwordFile = password }
        }
        let failure = await #expect(throws: Failure.self) { try await closed.check() }
        #expect(
          failure?.kind.exitCode == exit && failure?.description.contains(code) == true,
          "\(String(describing: failure))")
        #expect(failure?.description.contains("canary") == false)
        closed.close()
      }
      try "other\n".write(toFile: password, atomically: true, encoding: .utf8)
      try await later
      sink.close()
      #expect(letters.all.isEmpty && sink.health.delivered == 60)
    }
  }

  @Test func `a server that forgets is warned of`() async throws {
    for (settings, words) in [
      (["appendfsync=everysec"], "appendfsync everysec"), (["appendonly=no"], "appendonly no"),
      (["maxmemory-policy=allkeys-lru"], "throws streams away"),
    ] {
      try await RedisServer.with(settings) { server in
        let sink = try redisSink(server.address)
        try await sink.check()
        #expect(sink.health.doubt?.contains(words) == true, "\(sink.health.doubt ?? "")")
        sink.close()
      }
    }
  }

  @Test func `an event that is too large is refused alone, and a stream keeps about as many entries as it is to`()
    async throws
  {
    try await RedisServer.with(["proto-max-bulk-len=1mb"]) { server in
      let letters = MemoryLetters()
      let sink = try redisSink(server.address, letters: letters) { $0.maximumLength = 100 }
      var all = samples(0..<2000, keys: 10)
      all[33].data = "\"\(String(repeating: "x", count: 1 << 20))\""
      try await sink.deliver(try Events.batch(all))
      sink.close()
      #expect(letters.all.map(\.id) == ["33"] && letters.all.first?.reason.contains("proto-max-bulk-len") == true)
      let numbers = try server.entries().compactMap { Int($0.fields["ce-id"] ?? "") }
      #expect((100...400).contains(numbers.count) && numbers == Array((2000 - numbers.count)..<2000))

      // Where that ends the relay, nothing of the stream comes behind it.
      let strict = try redisSink(server.address) { $0.route = Route(literal: "strict") }
      await #expect(throws: Failure.self) { try await strict.deliver(try Events.batch(all)) }
      strict.close()
      #expect(try server.entries(of: "strict").compactMap { Int($0.fields["ce-id"] ?? "") } == Array(0..<33))
    }
  }

  @Test func `it holds to what every sink has to hold to`() async throws {
    try await RedisServer.with { server in
      let number = Atomic(0)
      let conformance = SinkConformance {
        let stream = "s\(number.add(1, ordering: .relaxed).newValue)"
        let sink = try redisSink(server.address) { $0.route = Route(literal: stream) }
        return .init(
          sink, arrived: { try server.entries(of: stream).compactMap { $0.fields["ce-id"] } },
          hold: { try server.control("config", "set", "maxmemory", $0 ? "1" : "0") })
      }
      let violations = try await conformance.violations()
      #expect(violations.isEmpty, "\(violations)")
    }
  }
}
