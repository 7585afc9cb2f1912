// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

@testable import AWSDelivery

@Suite(.timeLimit(.minutes(1)))
struct `Credentials that end` {
  private static func keys(_ number: Int, in seconds: Double) -> ScriptedService.Answer {
    let end = Date(timeIntervalSinceNow: seconds).formatted(.iso8601)
    return .init(
      body: #"{"AccessKeyId":"A\#(number)","SecretAccessKey":"s","Token":"T","Expiration":"\#(end)"}"#)
  }

  @Test func `those of before are given at once while others are asked for, and it is told when that fails`()
    async throws
  {
    let asked = Mutex(0)
    let service = try await ScriptedService { _ in
      let number = asked.withLock { count in
        count += 1
        return count
      }
      return number == 1 ? Self.keys(1, in: 200) : .init(body: "", isSilent: true)
    }
    let configuration = AWSConfiguration(
      address: "sqs:\(service.root)/1/orders", environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": service.root + "/k"])
    let container = try #require(try ContainerCredentials(configuration))
    let ahead = Mutex<Int64>(0)
    let store = CredentialStore(.container(container)) { Int64(Date().timeIntervalSince1970) + ahead.withLock(\.self) }
    #expect(try await store.credentials().accessKey == "A1")
    ahead.withLock { $0 = 20 }
    let began = ContinuousClock.now
    for _ in 0..<20 { #expect(try await store.credentials().accessKey == "A1") }
    #expect(ContinuousClock.now - began < .seconds(3))
    while store.complaints.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
    // Whoever is silent is not asked with each request.
    #expect(asked.withLock(\.self) == 2)
    #expect(try await store.credentials().accessKey == "A1")
    store.close()
    await service.close()
  }

  @Test func `others that come are used from then on`() async throws {
    let asked = Mutex(0)
    let service = try await ScriptedService { _ in
      let number = asked.withLock { count in
        count += 1
        return count
      }
      return Self.keys(number, in: number == 1 ? 200 : 3600)
    }
    let configuration = AWSConfiguration(
      address: "sqs:\(service.root)/1/orders", environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": service.root + "/k"])
    let container = try #require(try ContainerCredentials(configuration))
    let ahead = Mutex<Int64>(0)
    let store = CredentialStore(.container(container)) { Int64(Date().timeIntervalSince1970) + ahead.withLock(\.self) }
    #expect(try await store.credentials().accessKey == "A1")
    ahead.withLock { $0 = 20 }
    while try await store.credentials().accessKey != "A2" { try await Task.sleep(for: .milliseconds(5)) }
    #expect(asked.withLock(\.self) == 2 && store.complaints.isEmpty)
    store.close()
    await service.close()
  }
}
