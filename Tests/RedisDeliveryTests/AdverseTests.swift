// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import PostgresWire
import TestDelivery
import Testing

@testable import RedisDelivery

/// What others do to a server's streams, and what servers are set to, that could lose events or have them twice.
extension RedisTests {
  @Test func `entries whose answer was lost count as added, although they were trimmed since`() async throws {
    try await RedisServer.with { server in
      let process = try #require(pid_t(try server.python("print(r.info('server')['process_id'])").trimmed))
      let sink = try redisSink(server.address) {
        $0.maximumLength = 1
        $0.answerTimeout = .seconds(1)
      }
      try await sink.deliver(try Events.batch(samples(0..<10, keys: 3)))
      kill(process, SIGSTOP)
      async let delivered: Void = sink.deliver(try Events.batch(samples(10..<700, keys: 3), from: 11))
      try await eventually("it is not told") { sink.health.lastReason.contains("no answer within") }
      // What it has received it does first.
      kill(process, SIGCONT)
      try await delivered
      try await sink.deliver(try Events.batch(samples(700..<710, keys: 3), from: 701))
      sink.close()
      let numbers = try server.entries().compactMap { Int($0.fields["ce-id"] ?? "") }
      #expect(numbers.count < 600 && numbers == Array((710 - numbers.count)..<710))
      #expect(sink.health.delivered == 710 && sink.health.remark == nil)
    }
  }

  @Test func `the script passes over what is gone only where it was sent again and was surely there`() async throws {
    try await RedisServer.with { server in
      try AddingScript.text.write(toFile: server.directory + "/script", atomically: true, encoding: .utf8)
      func call(_ numbers: [Int], top: String = "", again: String, id: String = "e") throws -> String {
        let entries = numbers.map { "'\($0)-1', 4, 'ce-id', '\(id)\($0)', 'ce-source', 's'" }.joined(separator: ", ")
        return try server.python(
          """
          said = r.eval(open('\(server.directory)/script').read(), 1, 's', '\(top)', '', '\(again)', \(entries))
          print(said if isinstance(said, int) else ' '.join(str(word) or '-' for word in said))
          """
        ).trimmed
      }
      #expect(try call([1, 2, 3, 5], again: "") == "4")
      try server.control("xdel", "s", "1-1", "2-1")
      #expect(try call([1, 2, 3, 5], top: "5-1", again: "") == "0 behind 5-1 - 5-1")
      #expect(try call([1, 2, 3, 5], top: "5-1", again: "1") == "4")
      #expect(try call([1, 2, 3, 5, 6], top: "5-1", again: "1") == "5")
      // Nothing of them is left, but the stream knows the last one.
      try server.control("xtrim", "s", "MAXLEN", "0")
      #expect(try call([2, 3, 6], again: "") == "0 behind - - 6-1")
      #expect(try call([2, 3, 6], again: "1") == "3")
      #expect(try call([2, 3], again: "1") == "0 behind - - 6-1")
      #expect(try call([2, 7], again: "1") == "0 behind - - 6-1")
      // Another's entry is no proof, and its place is not passed over.
      try server.control("xadd", "s", "8-1", "any", "thing")
      #expect(try call([7, 8], top: "8-1", again: "1") == "0 behind 8-1 - 8-1")
      #expect(try call([8, 9], top: "8-1", again: "1") == "0 behind 8-1 - 8-1")
      #expect(try call([9], again: "") == "0 top 8-1 - 8-1")
      try server.control("del", "s")
      #expect(try call([9], top: "8-1", again: "") == "0 top - - 0-0")
    }
  }

  @Test func `streams that are emptied, deleted or set back begin anew, and what was lost is told`() async throws {
    try await RedisServer.with { server in
      let sink = try redisSink(server.address)
      func add(_ range: Range<Int>) async throws {
        try await sink.deliver(try Events.batch(samples(range, keys: 3), from: UInt64(range.lowerBound + 1)))
      }
      try await add(0..<10)
      // A consumer that deletes what it has read loses nothing.
      try server.control("xtrim", "outbox.event.order", "MAXLEN", "0")
      try await add(10..<20)
      try server.control("xdel", "outbox.event.order", "4096-20")
      try await add(20..<30)
      #expect(sink.health.remark == nil)
      try server.control("flushall")
      try await add(30..<40)
      let remark = try #require(sink.health.remark)
      #expect(remark.contains("outbox.event.order had an entry at 0000000000001000-0000000030 and knows"), "\(remark)")
      #expect(try server.entries().compactMap { Int($0.fields["ce-id"] ?? "") } == Array(30..<40))
      // As a replica has it that did not get all.
      try server.python(
        """
        kept = r.xrange('outbox.event.order', '-', '4096-35')
        r.delete('outbox.event.order')
        for id, fields in kept: r.xadd('outbox.event.order', fields, id)
        """)
      try await add(40..<50)
      #expect(sink.health.remark?.contains("0000000000001000-0000000040") == true)
      #expect(sink.health.remark?.contains("its newest is 0000000000001000-0000000035") == true)
      sink.close()
      #expect(sink.health.failures == 0)
      #expect(try server.entries().compactMap { Int($0.fields["ce-id"] ?? "") } == Array(30..<35) + Array(40..<50))
    }
  }

  @Test func `two that add the same events have each once`() async throws {
    try await RedisServer.with { server in
      let sinks = try (0..<2).map { _ in try redisSink(server.address) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for sink in sinks {
          group.addTask {
            for start in stride(from: 0, to: 500, by: 10) {
              try await sink.deliver(try Events.batch(samples(start..<start + 10, keys: 3), from: UInt64(start + 1)))
            }
          }
        }
        try await group.waitForAll()
      }
      for sink in sinks { sink.close() }
      #expect(try server.entries().compactMap { Int($0.fields["ce-id"] ?? "") } == Array(0..<500))
    }
  }

  @Test func `a server that closes idle connections is no trouble, and names of streams are any text`() async throws {
    try await RedisServer.with(["timeout=1"]) { server in
      for name in ["a b", #"quote"d \ 'x'"#, "größe\u{1F69A}", "line\nend"] {
        let sink = try redisSink(server.address) { $0.route = Route(literal: name) }
        try await sink.check()
        try await sink.deliver(try Events.batch(samples(0..<10, keys: 3)))
        if name == "a b" { try await Task.sleep(for: .seconds(3)) }
        try await sink.deliver(try Events.batch(samples(10..<20, keys: 3), from: 11))
        #expect(sink.health.failures == 0, "\(sink.health.lastReason)")
        sink.close()
        let length = try server.python(
          "print(r.xlen(bytes.fromhex('\(name.utf8.map { String(format: "%02x", $0) }.joined())')))")
        #expect(length.trimmed == "20")
      }
    }
  }

  @Test func `commands by other names, and a database that is not there, are told`() async throws {
    try await RedisServer.with([#"rename-command=EVAL """#]) { server in
      let sink = try redisSink(server.address)
      let failure = await #expect(throws: Failure.self) { try await sink.check() }
      #expect(failure?.kind.exitCode == 78 && failure?.description.contains("by their own names") == true)
      sink.close()
      let elsewhere = try redisSink(server.address + "/99")
      let missing = await #expect(throws: Failure.self) { try await elsewhere.check() }
      #expect(missing?.kind.exitCode == 78 && missing?.description.contains("no database of that number") == true)
      elsewhere.close()
    }
    try await RedisServer.with([#"rename-command=XADD """#, "no-appendfsync-on-rewrite=yes"]) { server in
      let letters = MemoryLetters()
      let sink = try redisSink(server.address, letters: letters)
      try await sink.check()
      #expect(sink.health.doubt?.contains("no-appendfsync-on-rewrite yes") == true)
      sink.submit(try Events.batch(samples(0..<10, keys: 3))) { _ in }
      try await eventually("it is not told") { sink.health.lastReason.contains("does not know a command") }
      sink.close()
      #expect(letters.all.isEmpty)
    }
    try await RedisServer.with([#"rename-command=CONFIG """#, #"rename-command=XINFO """#]) { server in
      let sink = try redisSink(server.address)
      try await sink.deliver(try Events.batch(samples(0..<10, keys: 3)))
      #expect(sink.health.doubt?.contains("does not let us read its settings") == true)
      try server.control("del", "outbox.event.order")
      try await sink.deliver(try Events.batch(samples(10..<20, keys: 3), from: 11))
      #expect(try server.entries().count == 10)
      sink.close()
    }
  }

  @Test func `over TLS the server's certificate is looked at, and a plain port is told`() async throws {
    let directory = NSTemporaryDirectory() + "/tailrace-redis-tls-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let (certificate, key) = (directory + "/cert.pem", directory + "/key.pem")
    _ = try ScratchBroker.run(
      "/usr/bin/env",
      [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj",
        "/CN=redis",
      ]
        + ["-addext", "subjectAltName=IP:127.0.0.1"])
    let port = Int.random(in: 10_000..<20_000)
    let settings = [
      "tls-port=\(port)", "tls-cert-file=\(certificate)", "tls-key-file=\(key)", "tls-ca-cert-file=\(certificate)",
      "tls-auth-clients=optional",
    ]
    try await RedisServer.with(settings) { server in
      let address = "rediss://127.0.0.1:\(port)"
      let sink = try redisSink(address) { $0.authorityFile = certificate }
      try await sink.check()
      try await sink.deliver(try Events.batch(samples(0..<1000, keys: 3)))
      sink.close()
      #expect(try server.entries().count == 1000)
      let stranger = try redisSink(address)
      let failure = await #expect(throws: Failure.self) { try await stranger.check() }
      #expect(
        failure?.kind.exitCode == 78 && failure?.description.contains("certificate") == true,
        "\(String(describing: failure))")
      stranger.close()
      for (address, words) in [
        ("rediss://127.0.0.1:\(server.port)", "a plain port"), ("redis://127.0.0.1:\(port)", ""),
      ] {
        let crossed = try redisSink(address) {
          if address.hasPrefix("rediss") { $0.authorityFile = certificate }
          $0.connectTimeout = .seconds(2)
        }
        let told = await #expect(throws: Failure.self) { try await crossed.check() }
        #expect(told?.description.contains(words) == true || words.isEmpty, "\(String(describing: told))")
        crossed.close()
      }
    }
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
