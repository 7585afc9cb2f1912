// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import PostgresWire
import Testing

@testable import RedisDelivery

/// Addresses as people write them.
@Suite struct RedisAddressTests {
  @Test func `an address is taken apart, and shown without user and password`() throws {
    let full = try RedisAddress("rediss://re%40lay:h%20ush@cache.example:7000/3")
    #expect(
      full.isSecure && !full.isLoopback && full.database == 3 && full.user == "re@lay" && full.password == "h ush")
    #expect(full.host == BrokerHost(name: "cache.example", port: 7000))
    #expect(full.shown == "rediss://cache.example:7000/3")
    let plain = try RedisAddress("redis://127.0.0.1")
    #expect(!plain.isSecure && plain.isLoopback && plain.database == 0 && plain.user == nil && plain.password == nil)
    #expect(plain.host.port == 6379)
    let nameless = try RedisAddress("REDIS://:secret@[::1]/")
    #expect(
      nameless.user == nil && nameless.password == "secret" && nameless.isLoopback && nameless.shown == "redis://[::1]")
  }

  @Test(arguments: [
    ("", RedisAddress.Problem.malformed), ("redis:host", .malformed), ("http://host", .malformed),
    ("redis://", .malformed),
    ("redis://a b", .blank), ("redis://h:0", .port), ("redis://h:65536", .port), ("redis://h!", .host),
    ("redis://u%zz@h", .encoding), ("redis://h/x", .database), ("redis://h/0/1", .database),
    ("redis://h/9999999999", .database),
    ("redis://h/-1", .database), ("redis://h/0?db=1", .parameter), ("redis://h1,h2", .host),
    ("redis://u@ü", .malformed),
    ("redis://h/" + String(repeating: "1", count: 9000), .tooLong),
  ])
  func `what is no address is refused`(text: String, problem: RedisAddress.Problem) {
    #expect(throws: problem) { try RedisAddress(text) }
  }

  @Test func `a user needs a password, and has one of them`() {
    var configuration = RedisConfiguration(address: "redis://relay@127.0.0.1")
    #expect(throws: Failure.self) { try RedisPublisher.check(configuration) }
    configuration.passwordFile = "/nowhere"
    #expect(throws: Never.self) { try RedisPublisher.check(configuration) }
    configuration.address = "redis://relay:canary@127.0.0.1"
    let failure = #expect(throws: Failure.self) { try RedisPublisher.check(configuration) }
    #expect(failure?.description.contains("canary") == false)
    var length = RedisConfiguration(address: "redis://127.0.0.1")
    length.maximumLength = 0
    #expect(throws: Failure.self) { try RedisPublisher.check(length) }
  }
}
