// SPDX-License-Identifier: Apache-2.0

import Foundation
import PostgresWire
import Testing

@testable import AWSDelivery

@Suite struct `Where credentials come from` {
  private static let queue = "sqs:https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo"

  private func chain(_ environment: [String: String]) throws(Failure) -> CredentialChain {
    let configuration = AWSConfiguration(address: Self.queue, environment: environment)
    return try CredentialChain(configuration, try ProfileFiles(configuration)) { () throws(Failure) in
      let place: AWSAddress
      do throws(AWSAddress.Problem) { place = try AWSAddress(Self.queue) } catch {
        throw Failure(.settings, Wording("\(error)"))
      }
      return try ServiceEndpoint(.sts, beside: place, region: "eu-central-1", configuration)
    }
  }

  /// A home directory with the two files, for the time of `body`.
  private func home(_ credentials: String, _ config: String = "", _ body: (String) async throws -> Void) async throws {
    let home = NSTemporaryDirectory() + "/tailrace-aws-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: home + "/.aws", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: home) }
    try credentials.write(toFile: home + "/.aws/credentials", atomically: true, encoding: .utf8)
    try config.write(toFile: home + "/.aws/config", atomically: true, encoding: .utf8)
    try await body(home)
  }

  private static let keys = ["AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s"]
  private static let identity = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"]
  private static let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"]

  @Test func `the first place that has any counts, in the order of AWS's own programs`() async throws {
    try await home("[default]\naws_access_key_id = AKFILE # mine\naws_secret_access_key=s=1\n") { home in
      var all = ["HOME": home].merging(Self.keys) { $1 }.merging(Self.identity) { $1 }.merging(Self.container) { $1 }
      guard case .fixed(let fixed) = try chain(all) else { return #expect(Bool(false), "not the environment") }
      #expect(fixed.accessKey == "AKENV")
      for name in Self.keys.keys { all[name] = nil }
      guard case .webIdentity = try chain(all) else { return #expect(Bool(false), "not the web identity") }
      for name in Self.identity.keys { all[name] = nil }
      let inFile = try chain(all)
      guard case .profile = inFile else { return #expect(Bool(false), "not the profile") }
      #expect(try await inFile.credentials() == AWSCredentials(accessKey: "AKFILE", secretKey: "s=1"))
      all["HOME"] = "/nowhere"
      guard case .container = try chain(all) else { return #expect(Bool(false), "not the container") }
      all["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = nil
      guard case .instance = try chain(all) else { return #expect(Bool(false), "not the machine") }
    }
  }

  @Test(arguments: [
    ["AWS_ACCESS_KEY_ID": "A"], ["AWS_SECRET_ACCESS_KEY": "hush"], ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"],
    ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "hush hush"], ["AWS_EC2_METADATA_DISABLED": "true"],
    ["AWS_PROFILE": "nobody", "HOME": "/nowhere"], ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example/"],
  ]) func `what cannot be is refused, without a secret`(_ environment: [String: String]) {
    do throws(Failure) {
      _ = try chain(environment)
      Issue.record("it was taken")
    } catch {
      #expect(error.kind == .credentials && !"\(error)".contains("hush"))
    }
  }

  @Test(arguments: [
    "sso_session = x", "credential_process = /bin/keys", "role_arn = arn:aws:iam::1:role/r\nsource_profile = default",
    "role_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2InstanceMetadata",
  ]) func `a profile that needs what is not done here is refused, and not passed over`(_ lines: String) async throws {
    try await home("", "[profile relay]\nregion = eu-west-1\n\(lines)\n") { home in
      #expect(throws: Failure.self) { try chain(["HOME": home, "AWS_PROFILE": "relay"]) }
    }
  }

  @Test func `a profile is read again when its file changes, and of the two files the one of credentials counts`()
    async throws
  {
    let config =
      "[profile relay]\naws_access_key_id = OLD\naws_secret_access_key = s\nregion = eu-west-1\ns3 =\n  x = y\n"
    try await home("[relay]\naws_access_key_id = A1\naws_secret_access_key = s\n", config) { home in
      let found = try chain(["HOME": home, "AWS_PROFILE": "relay"])
      #expect(try await found.credentials().accessKey == "A1")
      try "[relay]\naws_access_key_id = A2-longer\naws_secret_access_key = s\n".write(
        toFile: home + "/.aws/credentials", atomically: true, encoding: .utf8)
      #expect(try await found.credentials().accessKey == "A2-longer")
    }
  }
}
