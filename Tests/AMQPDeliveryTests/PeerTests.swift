// SPDX-License-Identifier: Apache-2.0

import Delivery
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import AMQPDelivery

/// What brokers do that a real one does not do on demand.
@Suite(.timeLimit(.minutes(3))) struct PeerTests {
  private typealias Behaviour = ScriptedPeer.Behaviour

  private func peer(_ change: (inout Behaviour) -> Void = { _ in }) throws -> ScriptedPeer {
    var behaviour = Behaviour()
    change(&behaviour)
    return try ScriptedPeer(behaviour)
  }

  // MARK: the start

  @Test(arguments: [
    (Array("AMQP".utf8) + [0, 0, 9, 1], "another version"), (Array("HTTP/1.1 400 Bad Request\r\n".utf8), "not AMQP"),
    ([1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], "longer than agreed"), ([1, 0, 0, 0, 0, 0, 0, 0], "without an end"),
    (Words.method(0, 10, 99), "unknown method 10.99"), (Words.method(0, 10, 10), "cannot be read"),
    (Words.ack(1), "out of turn"), (Words.tune(frame: 0, heartbeat: 0), "out of turn"),
  ])
  func `whoever answers in another tongue is told of and tried again, and no secret is shown`(
    greeting: [UInt8], words: String
  ) async throws {
    let peer = try peer { $0.greeting = greeting }
    let sink = try amqpSink(peer.address)
    let failure = await #expect(throws: Failure.self) { try await sink.check() }
    #expect(
      failure?.kind == .receiver && failure?.description.contains(words) == true, "\(String(describing: failure))")
    #expect(failure?.description.contains("canary") == false && !sink.health.destination.contains("canary"))
    let told = Mutex(false)
    sink.submit(try Events.batch(samples(0..<3, keys: 3))) { _ in told.withLock { $0 = true } }
    try await eventually("it is not tried again") { peer.connections >= 2 && sink.health.failures > 0 }
    #expect(sink.health.lastReason.contains(words))
    sink.close()
    #expect(told.withLock { $0 })
  }

  @Test func `whoever says nothing is not waited for`() async throws {
    let peer = try peer { $0.greeting = [] }
    let sink = try amqpSink(peer.address) { $0.connectTimeout = .milliseconds(300) }
    let failure = await #expect(throws: Failure.self) { try await sink.check() }
    #expect(failure?.description.contains("does not say anything") == true)
    sink.close()
  }

  @Test(arguments: [
    (UInt16(403), "does not take the user or the password", "sink-password-file"),
    (530, "no such virtual host", "add_vhost"), (320, "CONNECTION_FORCED", ""), (501, "501 FRAME_ERROR", ""),
    (999, "code 999", ""),
  ])
  func `a login that is refused fails the check, with what to do`(code: UInt16, words: String, advice: String)
    async throws
  {
    let peer = try peer { $0.onLogin = { .send(Words.close(code)) } }
    let sink = try amqpSink(peer.address)
    let failure = await #expect(throws: Failure.self) { try await sink.check() }
    let text = failure?.description ?? ""
    #expect(text.contains(words) && text.contains(advice) && !text.contains("own words"), "\(text)")
    #expect(peer.logins == ["PLAIN  relay hush-canary"])
    sink.close()
  }

  @Test func `an end in the midst of the login, no confirms and no fitting mechanism are told`() async throws {
    for (change, words, kind) in [
      ({ $0.onLogin = { .hangUp } }, "closed while logging in", .receiver),
      ({ $0.confirms = false }, "does not confirm", .destination),
      ({ $0.mechanisms = "EXTERNAL" }, "no login by PLAIN", .destination),
      ({ $0.frameLimit = 100 }, "no frame that a message fits into", .receiver),
    ] as [((inout Behaviour) -> Void, String, FailureKind)] {
      let peer = try peer(change)
      let sink = try amqpSink(peer.address)
      let failure = await #expect(throws: Failure.self) { try await sink.check() }
      #expect(failure?.description.contains(words) == true, "\(String(describing: failure))")
      #expect(failure?.kind == kind)
      sink.close()
    }
  }

  @Test func `an exchange that is not there is waited for, told and makes no dead letter`() async throws {
    let isThere = Atomic(false)
    let peer = try peer {
      $0.onDeclare = { isThere.load(ordering: .relaxed) ? .send(Words.declareOK) : .closeChannel(404) }
    }
    let letters = MemoryLetters()
    let sink = try amqpSink(peer.address, letters: letters)
    let failure = await #expect(throws: Failure.self) { try await sink.check() }
    #expect(failure?.description.contains("there is no exchange events") == true)
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<10, keys: 2)))
    try await eventually("it is not told") { sink.health.trouble?.reason.contains("404 NOT_FOUND") == true }
    #expect(sink.health.trouble?.hint?.contains("make the exchange") == true)
    isThere.store(true, ordering: .relaxed)
    try await delivered
    sink.close()
    #expect(letters.all.isEmpty && firstSeen(peer.ids, keys: 2) == [0: [0, 2, 4, 6, 8], 1: [1, 3, 5, 7, 9]])
  }

  // MARK: verdicts

  @Test func `what comes back is refused, and nothing of its key overtakes it where that ends the relay`() async throws
  {
    let peer = try peer {
      $0.onPublish = { said in
        guard said.id == "2" else { return .send(Words.ack(said.tag)) }
        return .send(
          Words.returned(id: said.id, routingKey: "order.OrderPlaced", body: said.body) + Words.ack(said.tag))
      }
    }
    let sink = try amqpSink(peer.address)
    let failure = await #expect(throws: Failure.self) {
      try await sink.deliver(try Events.batch(samples(0..<6, keys: 2)))
    }
    #expect(failure?.kind == .refused && failure?.description.contains("312 NO_ROUTE") == true)
    sink.close()
    #expect(!peer.ids.contains(4))

    let letters = MemoryLetters()
    let patient = try amqpSink(peer.address, letters: letters)
    try await patient.deliver(try Events.batch(samples(0..<6, keys: 2)))
    patient.close()
    #expect(letters.all.map(\.id) == ["2"] && letters.all.first?.status == 312)
  }

  @Test func `an event that closes the channel is named alone, whatever was on the way with it`() async throws {
    let peer = try peer { $0.onPublish = { $0.id == "17" ? .closeChannel(406) : .send(Words.ack($0.tag)) } }
    let letters = MemoryLetters()
    let sink = try amqpSink(peer.address, letters: letters)
    try await sink.deliver(try Events.batch(samples(0..<200, keys: 40)))
    try await sink.deliver(try Events.batch(samples(200..<400, keys: 40), from: 201))
    sink.close()
    #expect(letters.all.map(\.id) == ["17"] && letters.all.first?.reason.contains("406 PRECONDITION_FAILED") == true)
    #expect(peer.connections == 1)
    for (key, ids) in firstSeen(peer.ids, keys: 40) { #expect(ids == ids.sorted() && ids.count == 10, "\(key)") }
  }

  @Test func `a routing key that the user may not use holds up its own events only`() async throws {
    let isAllowed = Atomic(false)
    let peer = try peer {
      $0.onPublish = { said in
        said.id == "5" && !isAllowed.load(ordering: .relaxed) ? .closeChannel(403) : .send(Words.ack(said.tag))
      }
    }
    let letters = MemoryLetters()
    let sink = try amqpSink(peer.address, letters: letters)
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<30, keys: 30)))
    try await eventually("the others wait for it") { sink.health.delivered == 29 }
    #expect(sink.health.trouble?.reason.contains("may not write to the exchange events") == true)
    isAllowed.store(true, ordering: .relaxed)
    try await delivered
    sink.close()
    #expect(letters.all.isEmpty && Set(peer.ids) == Set(0..<30))
  }

  @Test(arguments: [UInt16(403), 404])
  func `what nobody may publish is soon known to be of the destination`(code: UInt16) async throws {
    let isAllowed = Atomic(false)
    let peer = try peer {
      $0.onPublish = { isAllowed.load(ordering: .relaxed) ? .send(Words.ack($0.tag)) : .closeChannel(code) }
    }
    let letters = MemoryLetters()
    let sink = try amqpSink(peer.address, letters: letters)
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<500, keys: 500)))
    try await eventually("it is not told") { sink.health.failures > 0 }
    #expect(peer.said.count < 50, "each event is tried alone")
    isAllowed.store(true, ordering: .relaxed)
    try await delivered
    sink.close()
    #expect(letters.all.isEmpty && Set(peer.ids) == Set(0..<500))
  }

  @Test func `what is not stored is tried again, in the order of its key`() async throws {
    let count = Atomic(0)
    let peer = try peer {
      $0.onPublish = { said in
        count.add(1, ordering: .relaxed).newValue % 3 == 0 ? .send(Words.nack(said.tag)) : .send(Words.ack(said.tag))
      }
    }
    let letters = MemoryLetters()
    let sink = try amqpSink(peer.address, letters: letters)
    try await sink.deliver(try Events.batch(samples(0..<60, keys: 4)))
    sink.close()
    #expect(letters.all.isEmpty && sink.health.lastReason.contains("basic.nack"))
    for (key, ids) in firstSeen(peer.ids, keys: 4) { #expect(ids == ids.sorted() && ids.count == 15, "\(key)") }
  }

  @Test func `connections that end in the midst lose nothing and change no order`() async throws {
    let count = Atomic(0)
    let peer = try peer {
      $0.onPublish = { said in
        let number = count.add(1, ordering: .relaxed).newValue
        return number % 37 == 0 ? .hangUp : number % 53 == 0 ? .send(Words.close(320)) : .send(Words.ack(said.tag))
      }
    }
    let sink = try amqpSink(peer.address)
    for round in 0..<4 {
      try await sink.deliver(
        try Events.batch(samples(round * 50..<round * 50 + 50, keys: 7), from: UInt64(round * 50 + 1)))
    }
    sink.close()
    let orders = firstSeen(peer.ids, keys: 7)
    for (key, ids) in orders { #expect(ids == ids.sorted(), "\(key)") }
    #expect(orders.values.map(\.count).reduce(0, +) == 200 && peer.connections > 3)
  }

  @Test func `a confirmation of all up to it counts for all`() async throws {
    let peer = try peer { $0.onPublish = { .send($0.tag % 10 == 0 ? Words.ack($0.tag, multiple: true) : []) } }
    let sink = try amqpSink(peer.address)
    try await sink.deliver(try Events.batch(samples(0..<100, keys: 100)))
    sink.close()
    #expect(peer.ids.count == 100 && sink.health.failures == 0)
  }

  @Test func `a confirmation of what was not sent ends the connection, and nothing counts as stored`() async throws {
    let peer = try peer {
      $0.onPublish = { $0.connection == 1 ? .send(Words.ack($0.tag + 1000)) : .send(Words.ack($0.tag)) }
    }
    let sink = try amqpSink(peer.address)
    try await sink.deliver(try Events.batch(samples(0..<3, keys: 3)))
    sink.close()
    #expect(sink.health.lastReason.contains("confirms what was not sent") && peer.connections == 2)
  }

  // MARK: waiting

  @Test func `a broker that blocks is waited for over one connection, with heartbeats, and told of`() async throws {
    let peer = try peer {
      // Long enough for a machine that has much else to do: whoever is silent for two of them is left.
      $0.heartbeat = 3
      $0.onPublish = { .send($0.tag == 1 && $0.connection == 1 ? Words.blocked : Words.ack($0.tag)) }
    }
    let sink = try amqpSink(peer.address) { $0.confirmTimeout = .milliseconds(500) }
    // It is not silent itself.
    let heart = Heart { peer.send(ClientMethod.heartbeat) }
    defer { heart.stop() }
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<5, keys: 1)))
    try await eventually("no heartbeats") { peer.heartbeats >= 4 }
    #expect(peer.connections == 1 && peer.ids == [0] && sink.health.failures == 0)
    #expect(sink.health.obstacle?.contains("takes nothing for now") == true)
    peer.send(Words.unblocked + Words.ack(1))
    try await delivered
    #expect(sink.health.obstacle == nil && peer.connections == 1 && peer.ids == [0, 1, 2, 3, 4])
    sink.close()
  }

  @Test func `a broker that is silent for longer than agreed is left`() async throws {
    let peer = try peer {
      $0.heartbeat = 1
      $0.onPublish = { $0.connection == 1 ? .send([]) : .send(Words.ack($0.tag)) }
    }
    // It is silent from the first event on, until there is another connection.
    let heart = Heart { if peer.ids.isEmpty || peer.connections > 1 { peer.send(ClientMethod.heartbeat) } }
    defer { heart.stop() }
    let sink = try amqpSink(peer.address)
    try await sink.deliver(try Events.batch(samples(0..<3, keys: 3)))
    #expect(sink.health.lastReason.contains("silent") && peer.connections == 2)
    sink.close()
  }

  @Test func `a confirmation that does not come is not waited for without end`() async throws {
    let peer = try peer { $0.onPublish = { $0.connection == 1 ? .send([]) : .send(Words.ack($0.tag)) } }
    let sink = try amqpSink(peer.address) { $0.confirmTimeout = .seconds(1) }
    try await sink.deliver(try Events.batch(samples(0..<3, keys: 1)))
    #expect(sink.health.lastReason.contains("no confirmation within 1 s") && peer.connections == 2)
    sink.close()
  }

  @Test func `many attempts that fail together make few connections`() async throws {
    let peer = try peer { $0.onLogin = { .hangUp } }
    let sink = try amqpSink(peer.address)
    for number in 0..<100 {
      sink.submit(try Events.batch(samples(number..<number + 1, keys: 100), from: UInt64(number + 1))) { _ in }
    }
    try await Task.sleep(for: .seconds(2))
    sink.close()
    #expect(peer.connections < 30)
  }

  @Test func `frames are no longer than the broker wants`() async throws {
    let peer = try peer { $0.frameLimit = 4096 }
    let sink = try amqpSink(peer.address)
    let data = "\"\(String(repeating: "x", count: 50_000))\""
    try await sink.deliver(try Events.batch([.init(id: "1", key: "a", data: data)]))
    sink.close()
    #expect(peer.said.first?.longestFrame == 4096 && peer.said.first?.body == Array(data.utf8))
  }

  @Test func `an end does not wait for a broker that says nothing`() async throws {
    let peer = try peer { $0.onPublish = { _ in .send([]) } }
    let sink = try amqpSink(peer.address)
    let failures = Mutex<[Failure?]>([])
    sink.submit(try Events.batch(samples(0..<3, keys: 3))) { failure in failures.withLock { $0.append(failure) } }
    try await eventually("nothing is sent") { peer.said.count == 3 }
    let began = ContinuousClock.now
    sink.close()
    #expect(ContinuousClock.now - began < .seconds(5) && failures.withLock { $0 } == [.closed])
  }

  @Test func `it holds to what every sink has to hold to`() async throws {
    let conformance = SinkConformance {
      let held = Mutex<(isHeld: Bool, tags: [UInt64])>((false, []))
      let peer = try self.peer {
        $0.onPublish = { said in
          held.withLock { held in
            if held.isHeld { held.tags.append(said.tag) }
            return .send(held.isHeld ? [] : Words.ack(said.tag))
          }
        }
      }
      let sink = try amqpSink(peer.address)
      return SinkConformance.Subject(
        sink, arrived: { peer.said.map(\.id) },
        hold: { hold in
          let tags = held.withLock { held in
            defer { held = (hold, []) }
            return held.tags
          }
          if !hold { for tag in tags { peer.send(Words.ack(tag)) } }
        })
    }
    #expect(try await conformance.violations() == [])
  }
}
