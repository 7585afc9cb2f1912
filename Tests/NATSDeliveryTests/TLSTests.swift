// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import PostgresWire
import TestDelivery
import Testing

@testable import NATSDelivery

/// Who the server is, and who we are.
extension NATSTests {
  private static func refusal(
    _ address: String, _ change: (inout NATSConfiguration) -> Void = { _ in }
  ) async throws -> Failure? {
    let sink = try natsSink(address) {
      $0.connectTimeout = .seconds(5)
      change(&$0)
    }
    defer { sink.close() }
    do { try await sink.check() } catch { return error }
    return nil
  }

  @Test func `a server proves by its certificate who it is, whether the address asks for TLS or the server does`()
    async throws
  {
    try await NATSServer.with { server in
      let certificates = Certificates(directory: server.directory)
      let own = try certificates.make("server", for: "IP:127.0.0.1")
      let (authority, port) = (own.certificate, server.port)
      try server.restart(["tls { cert_file: \"\(authority)\", key_file: \"\(own.key)\" }"])
      for (number, scheme) in ["tls", "nats"].enumerated() {
        let sink = try natsSink("\(scheme)://127.0.0.1:\(port)") { $0.authorityFile = authority }
        try await sink.check()
        try await sink.deliver(
          try Events.batch(samples(number * 500..<number * 500 + 500, keys: 7), from: UInt64(number * 500 + 1)))
        #expect(sink.health.failures == 0)
        sink.close()
      }
      // Whom the system trusts has not signed it; nothing is said to it, whatever the address begins with.
      for scheme in ["tls", "nats"] {
        let stranger = try await Self.refusal("\(scheme)://u:canary@127.0.0.1:\(port)")
        #expect(
          stranger?.kind.exitCode == 78 && stranger?.description.contains("certificate is not to be trusted") == true,
          "\(String(describing: stranger))")
        #expect(stranger?.description.contains("canary") == false)
      }
      let other = try certificates.make("other", for: "DNS:nats.example")
      try server.restart(["tls { cert_file: \"\(other.certificate)\", key_file: \"\(other.key)\" }"])
      for host in ["localhost", "127.0.0.1"] {
        let another = try await Self.refusal("tls://\(host):\(port)") { $0.authorityFile = other.certificate }
        #expect(
          another?.kind.exitCode == 78 && another?.description.contains("wrong host") == true,
          "\(String(describing: another))")
      }
      try server.restart([])
      let plain = try await Self.refusal("tls://127.0.0.1:\(port)") { $0.authorityFile = authority }
      #expect(
        plain?.kind.exitCode == 78 && plain?.description.contains("does not speak TLS") == true,
        "\(String(describing: plain))")
      #expect(try server.messages().count == 1000)
    }
  }

  @Test func `a server that wants to know by a certificate who we are gets it`() async throws {
    try await NATSServer.with { server in
      let certificates = Certificates(directory: server.directory)
      let own = try certificates.make("server", for: "IP:127.0.0.1")
      let people = try certificates.make("people", for: "DNS:people")
      let relay = try certificates.make("relay", for: "DNS:relay", by: "people")
      let stranger = try certificates.make("stranger", for: "DNS:stranger")
      try server.restart([
        "tls { cert_file: \"\(own.certificate)\", key_file: \"\(own.key)\", ca_file: \"\(people.certificate)\", verify: true }"
      ])
      let address = "nats://127.0.0.1:\(server.port)"
      let sink = try natsSink(address) { ($0.authorityFile, $0.clientCertificate) = (own.certificate, relay) }
      try await sink.check()
      try await sink.deliver(try Events.batch(samples(0..<100, keys: 7)))
      sink.close()
      for files in [nil, stranger] {
        let failure = try await Self.refusal(address) {
          ($0.authorityFile, $0.clientCertificate) = (own.certificate, files)
        }
        #expect(
          failure?.kind.exitCode == 78 && failure?.description.contains("client certificate") == true,
          "\(String(describing: failure))")
      }
      try server.restart([])
      #expect(try server.messages().count == 100)
    }
  }

  @Test func `a user of an operator's account signs, and a wrong seed or an expired JWT is a login that is refused`()
    async throws
  {
    try await NATSServer.with { server in
      let operators = NATSOperator()
      let path = server.directory + "/relay.creds"
      func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
      try write(try operators.credentials())
      try server.restart(try operators.configuration())
      let letters = MemoryLetters()
      let sink = try natsSink(server.address, letters: letters) {
        $0.credentialsFile = path
        $0.createdStream = "orders"
      }
      try await sink.deliver(try Events.batch(samples(0..<100, keys: 7)))
      try await sink.check()
      // One that expires while it is used: the next login has another file.
      try write(try operators.credentials(expiringIn: -5))
      try server.kill()
      try server.start()
      async let delivered: Void = sink.deliver(try Events.batch(samples(100..<200, keys: 7), from: 101))
      try await eventually("it is not told: \(sink.health.reasons)") {
        sink.health.reasons.keys.contains { $0.contains("JWT") || $0.contains("does not take the user") }
      }
      for text in [
        try operators.credentials(expiringIn: -5), try operators.credentials(seed: NATSOperator.Identity(.user).seed),
        try NATSOperator().credentials(), NATSOperator.Identity(.user).seed,
      ] {
        try write(text)
        let failure = try await Self.refusal(server.address) { $0.credentialsFile = path }
        #expect(failure?.kind.exitCode == 77, "\(String(describing: failure))")
        #expect(failure?.description.contains("eyJ") == false)
      }
      let nobody = try await Self.refusal(server.address)
      #expect(nobody?.kind.exitCode == 77, "\(String(describing: nobody))")
      try write(try operators.credentials(expiringIn: 3))
      try await delivered
      // The server ends the connection then.
      try await Task.sleep(for: .seconds(4))
      try write(try operators.credentials())
      try await sink.deliver(try Events.batch(samples(200..<300, keys: 7), from: 201))
      sink.close()
      #expect(letters.all.isEmpty && sink.health.delivered == 300)
      try write(try operators.credentials())
      #expect(try server.messages(of: "orders", credentials: path).count == 300)
    }
  }

  @Test func `a key alone is who we are where a server knows it`() async throws {
    try await NATSServer.with { server in
      let key = NATSOperator.Identity(.user)
      let path = server.directory + "/relay.nk"
      try (key.seed + "\n").write(toFile: path, atomically: true, encoding: .utf8)
      try server.configure(["authorization { users: [ { nkey: \(try key.name()) } ] }"])
      let sink = try natsSink(server.address) { $0.credentialsFile = path }
      try await sink.check()
      try await sink.deliver(try Events.batch(samples(0..<10, keys: 3)))
      sink.close()
      try (NATSOperator.Identity(.user).seed + "\n").write(toFile: path, atomically: true, encoding: .utf8)
      let failure = try await Self.refusal(server.address) { $0.credentialsFile = path }
      #expect(failure?.kind.exitCode == 77, "\(String(describing: failure))")
    }
  }
}
