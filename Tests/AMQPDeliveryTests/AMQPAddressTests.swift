// SPDX-License-Identifier: Apache-2.0

import Connections
import Testing

@testable import AMQPDelivery

@Suite struct AMQPAddressTests {
  @Test func `an address is read as RabbitMQ's specification has it`() throws {
    let address = try AMQPAddress(
      "AMQPS://us%65r:p%40ss@mq.example:1,[::1],other/my%2Fhost?heartbeat=5&connection_timeout=250")
    #expect(address.isSecure && !address.isLoopback)
    #expect(
      address.hosts == [
        .init(name: "mq.example", port: 1), .init(name: "::1", port: 5671), .init(name: "other", port: 5671),
      ])
    #expect(address.user == "user" && address.password == "p@ss" && address.virtualHost == "my/host")
    #expect(address.heartbeat == 5 && address.connectTimeout == .milliseconds(250))
    #expect(address.shown == "amqps://mq.example:1,[::1],other/my%2Fhost")
  }

  @Test(arguments: ["amqp://localhost", "amqp://127.0.0.1/", "amqp://[::1]/%2f", "amqp://127.0.0.1,localhost:5672"])
  func `what is left out is the default`(text: String) throws {
    let address = try AMQPAddress(text)
    #expect(!address.isSecure && address.isLoopback && address.virtualHost == "/" && address.user == nil)
    #expect(address.hosts.allSatisfy { $0.port == 5672 } && address.heartbeat == nil)
  }

  @Test(arguments: [
    ("http://h", AMQPAddress.Problem.malformed), ("amqp:h", .malformed), ("amqp://", .malformed),
    ("amqp://h,", .malformed),
    ("amqp://u:hush@", .malformed), ("amqp://a b", .blank), ("amqp://h:0", .port), ("amqp://h:65536", .port),
    ("amqp://h_%", .host), ("amqp://h/a/b", .virtualHost), ("amqp://h/%zz", .encoding), ("amqp://h/%ff", .encoding),
    ("amqp://u%:hush@h", .encoding), ("amqp://h?heartbeat=0", .heartbeat), ("amqp://h?heartbeat=-1", .heartbeat),
    ("amqp://h?heartbeat=65536", .heartbeat), ("amqp://h?connection_timeout=", .timeout),
    ("amqp://h?cacertfile=/x", .certificates), ("amqp://h?verify=verify_none", .verify),
    ("amqp://h?frame_max=1", .parameter),
    ("amqp://h?heartbeat", .heartbeat), ("amqp://h/" + String(repeating: "v", count: 256), .virtualHost),
    ("amqp://" + String(repeating: "h", count: 9000), .tooLong),
    ("amqp://" + Array(repeating: "h", count: 33).joined(separator: ","), .tooMany),
  ])
  func `an address that cannot be used is refused without being shown`(text: String, problem: AMQPAddress.Problem) {
    #expect(throws: problem) { try AMQPAddress(text) }
    #expect(!"\(problem)".contains("hush"))
  }
}
