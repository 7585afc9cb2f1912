// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import PostgresWire
import Testing

@testable import NATSDelivery

/// Addresses as people write them.
@Suite struct NATSAddressTests {
  @Test func `an address is taken apart, and shown without user and password`() throws {
    let full = try NATSAddress("tls://re%40lay:h%20ush@a.example:7000,tls://b.example,c.example:4333/")
    #expect(full.isSecure && !full.isLoopback && full.user == "re@lay" && full.password == "h ush")
    #expect(full.hosts.map(\.name) == ["a.example", "b.example", "c.example"])
    #expect(full.hosts.map(\.port) == [7000, 4222, 4333])
    #expect(full.shown == "tls://a.example:7000,b.example,c.example:4333")
    let plain = try NATSAddress("NATS://127.0.0.1")
    #expect(!plain.isSecure && plain.isLoopback && plain.user == nil && plain.password == nil)
    let token = try NATSAddress("nats://s3cret@[::1],nats://s3cret@localhost")
    #expect(token.user == "s3cret" && token.isLoopback && token.shown == "nats://[::1],localhost")
  }

  @Test(arguments: [
    ("", NATSAddress.Problem.malformed), ("nats:host", .malformed), ("http://host", .malformed),
    ("nats://", .malformed), ("nats://a b", .blank), ("nats://h:0", .port), ("nats://h:65536", .port),
    ("nats://h!", .host), ("nats://u%zz@h", .encoding), ("nats://h/x", .path), ("nats://h?tls=1", .path),
    ("nats://h1,tls://h2", .schemes), ("nats://a@h1,b@h2", .users), ("nats://h1,", .malformed),
    ("nats://u@ü", .malformed), ("nats://" + Array(repeating: "h", count: 33).joined(separator: ","), .tooMany),
    ("nats://" + String(repeating: "1", count: 9000), .tooLong),
  ])
  func `what is no address is refused`(text: String, problem: NATSAddress.Problem) {
    #expect(throws: problem) { try NATSAddress(text) }
  }

  @Test func `who we are is said once`() {
    func check(_ address: String, _ change: (inout NATSConfiguration) -> Void) throws(Failure) {
      var configuration = NATSConfiguration(address: address)
      change(&configuration)
      try NATSPublisher.check(configuration)
    }
    #expect(throws: Never.self) { try check("nats://canary@127.0.0.1") { _ in } }
    #expect(throws: Never.self) { try check("nats://relay@127.0.0.1") { $0.passwordFile = "/nowhere" } }
    let twice = #expect(throws: Failure.self) {
      try check("nats://u:canary@127.0.0.1") { $0.passwordFile = "/nowhere" }
    }
    #expect(twice?.description.contains("canary") == false)
    #expect(throws: Failure.self) { try check("nats://u:p@127.0.0.1") { $0.credentialsFile = "/nowhere" } }
    #expect(throws: Failure.self) { try check("nats://:p@127.0.0.1") { _ in } }
    for name in ["", "a.b", "a b", "a/b", "*", String(repeating: "x", count: 256)] {
      #expect(throws: Failure.self) { try check("nats://127.0.0.1") { $0.createdStream = name } }
    }
    for route in ["a..b", ".a", "a.", "a b", "a.*", "a.>", "$JS.API.{type}", "a\"b", "a\\b"] {
      #expect(throws: Failure.self, "\(route)") {
        try check("nats://127.0.0.1") { $0.route = Route(route) ?? $0.route }
      }
    }
  }

  @Test(arguments: [
    ("outbox.event.>", true), ("outbox.event.*.*", true), (">", true), ("outbox.*.*.*", true),
    ("outbox.event.*", false), ("outbox.event.order.*", false), ("outbox.event.*.*.*", false),
    ("outbox.event.*.*.>", false), ("outbox.event", false),
  ])
  func `a stream's subjects take all that a route leads to, or do not`(subject: String, isCovered: Bool) {
    let pattern = SubjectPattern(NATSConfiguration.defaultRoute)
    #expect(pattern.text == "outbox.event.*.*" && pattern.isCovered(by: subject) == isCovered)
    #expect(SubjectPattern(Route("a.x-{type}.b") ?? Route(literal: "")).text == "a.*.b")
  }
}
