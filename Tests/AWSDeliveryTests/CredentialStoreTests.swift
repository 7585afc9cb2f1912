// SPDX-License-Identifier: Apache-2.0

import Delivery
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
    let store = try await Self.store(of: service)
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

  /// It has the first ones, and its clock stands where they are to be renewed.
  private static func store(of service: ScriptedService) async throws -> CredentialStore {
    let configuration = AWSConfiguration(
      address: "sqs:\(service.root)/1/orders", environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": service.root + "/k"])
    let container = try #require(try ContainerCredentials(configuration))
    let ahead = Mutex<Int64>(0)
    let store = CredentialStore(.container(container)) { Int64(Date().timeIntervalSince1970) + ahead.withLock(\.self) }
    #expect(try await store.credentials().accessKey == "A1")
    ahead.withLock { $0 = 20 }
    return store
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
    let store = try await Self.store(of: service)
    while try await store.credentials().accessKey != "A2" { try await Task.sleep(for: .milliseconds(5)) }
    #expect(asked.withLock(\.self) == 2 && store.complaints.isEmpty)
    store.close()
    await service.close()
  }

  @Test(
    arguments: [
      ("AccessDenied", 403, .permission), ("ExpiredTokenException", 400, .login), ("InvalidIdentityToken", 400, .login),
      ("IDPCommunicationError", 400, .server), ("Throttling", 400, .server), ("", 503, .server),
      ("MalformedPolicyDocument", 400, .credentials),
    ] as [(String, Int, TroubleSubject)])
  func `what STS answers is a right, an identity, or something that passes`(
    _ code: String, _ status: Int, _ subject: TroubleSubject
  ) async throws {
    let service = try await ScriptedService { _ in
      .init(status: status, body: "<ErrorResponse><Error><Code>\(code)</Code></Error></ErrorResponse>")
    }
    let file = NSTemporaryDirectory() + "/tailrace-token-\(UUID().uuidString)"
    try "token".write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    let place = try AWSAddress("sns:arn:aws:sns:eu-central-1:1:orders")
    let configuration = AWSConfiguration(address: place.shown, environment: ["AWS_ENDPOINT_URL": service.root])
    let identity = try WebIdentity(
      configuration, tokenFile: file, role: "arn:aws:iam::1:role/r", session: nil,
      try ServiceEndpoint(.sts, beside: place, region: "eu-central-1", configuration))
    let trouble = await #expect(throws: CredentialTrouble.self) { try await identity.credentials() }
    #expect(trouble?.subject == subject)
    identity.close()
    await service.close()
  }

  @Test(arguments: ["SignatureDoesNotMatch", "InvalidClientTokenId", "ExpiredToken"])
  func `keys that are not taken are asked for anew`(_ code: String) throws {
    let place = try AWSAddress("sns:arn:aws:sns:eu-central-1:1:orders")
    #expect(AWSTrouble(code, "", status: 403, at: place, credentials: "").wantsCredentials)
    #expect(
      !AWSTrouble(code, "Signature expired: now", status: 403, at: place, credentials: "").wantsCredentials
        || code != "SignatureDoesNotMatch")
  }

  @Test func `a metadata service that is slow is waited for, and one that is not there is not`() async throws {
    let service = try await ScriptedService { _ in .init(body: "", isSilent: true) }
    for (root, subject) in [(service.root, TroubleSubject.server), ("http://127.0.0.1:1", .credentials)] {
      let configuration = AWSConfiguration(
        address: "sqs:http://127.0.0.1:1/1/orders", environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": root])
      let metadata = try InstanceMetadata(configuration)
      let trouble = await #expect(throws: CredentialTrouble.self) { try await metadata.credentials() }
      #expect(trouble?.subject == subject)
      metadata.close()
    }
    await service.close()
  }
}
