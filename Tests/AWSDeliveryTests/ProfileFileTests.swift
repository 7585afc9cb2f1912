// SPDX-License-Identifier: Apache-2.0

import Foundation
import PostgresWire
import Testing

@testable import AWSDelivery

@Suite struct `Profiles in files` {
  /// A directory with the two files, for the time of `body`, and the variables that name them.
  private func files(_ credentials: String?, _ config: String?, _ body: ([String: String]) throws -> Void) throws {
    let directory = NSTemporaryDirectory() + "/tailrace-aws-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var environment: [String: String] = [:]
    for (name, text) in [("AWS_SHARED_CREDENTIALS_FILE", credentials), ("AWS_CONFIG_FILE", config)] {
      guard let text else { continue }
      environment[name] = "\(directory)/\(name)"
      try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
    }
    try body(environment)
  }

  private func profile(_ environment: [String: String]) throws(Failure) -> ProfileFiles {
    let address = "sqs:https://sqs.eu-central-1.amazonaws.com/1/orders"
    guard let found = try ProfileFiles(AWSConfiguration(address: address, environment: environment)) else {
      throw Failure(.credentials, "no files")
    }
    return found
  }

  private func keys(_ environment: [String: String]) throws -> AWSCredentials? {
    let found = try profile(environment)
    return try CredentialChain.keys(in: found.current, found)
  }

  private func keys(_ credentials: String?, _ config: String?) throws -> AWSCredentials? {
    var found: AWSCredentials?
    try files(credentials, config) { environment in found = try keys(environment) }
    return found
  }

  @Test func `a file that is named is read without a home directory`() throws {
    let text = "[default]\naws_access_key_id = A\naws_secret_access_key = s\n"
    #expect(try keys(text, nil) == AWSCredentials(accessKey: "A", secretKey: "s"))
    #expect(try keys(nil, text) == AWSCredentials(accessKey: "A", secretKey: "s"))
  }

  @Test func `keys and their token are of one file`() throws {
    let config = "[default]\naws_access_key_id = B\naws_secret_access_key = other\naws_session_token = T\n"
    let both = try keys("[default]\naws_access_key_id = A\naws_secret_access_key = s\n", config)
    #expect(both == AWSCredentials(accessKey: "A", secretKey: "s"))
    #expect(throws: Failure.self) { try keys("[default]\naws_access_key_id = A\n", config) }
    let other = try keys("[default]\naws_session_token = X\n", config)
    #expect(other == AWSCredentials(accessKey: "B", secretKey: "other", sessionToken: "T"))
  }

  @Test(arguments: [
    "[default]\naws_access_key_id = A2\n", "", "[def", "[default]\naws_access_key_id = A2\naws_secret_access_key =\n",
    "[other]\naws_access_key_id = A2\naws_secret_access_key = s2\n",
  ])
  func `a file that is half written leaves the keys as they are, and that is told`(_ text: String) throws {
    let config = "[default]\naws_access_key_id = B\naws_secret_access_key = other\n"
    for config in [nil, config] {
      try files("[default]\naws_access_key_id = A\naws_secret_access_key = s\n", config) { environment in
        let found = try profile(environment)
        let path = try #require(environment["AWS_SHARED_CREDENTIALS_FILE"])
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let kept = try CredentialChain.keys(in: found.current, found)
        #expect(kept == AWSCredentials(accessKey: "A", secretKey: "s"))
        #expect(found.complaints[path]?.contains("no whole keys") == true)
        try "[default]\naws_access_key_id = A3\naws_secret_access_key = s3\n".write(
          toFile: path, atomically: true, encoding: .utf8)
        let newer = try CredentialChain.keys(in: found.current, found)
        #expect(newer?.accessKey == "A3" && found.complaints.isEmpty)
      }
    }
  }

  @Test func `a file that is named and not there is told of`() throws {
    let gone = ["AWS_SHARED_CREDENTIALS_FILE": "/nowhere/keys", "AWS_PROFILE": "relay"]
    let failure = #expect(throws: Failure.self) { _ = try profile(gone) }
    #expect(failure?.what.description.contains("AWS_SHARED_CREDENTIALS_FILE names /nowhere/keys") == true)
    let configuration = AWSConfiguration(
      address: "sqs:https://sqs.eu-central-1.amazonaws.com/1/orders",
      environment: ["AWS_SHARED_CREDENTIALS_FILE": "/nowhere/keys", "AWS_EC2_METADATA_DISABLED": "true"])
    let files = try ProfileFiles(configuration)
    let nowhere = #expect(throws: Failure.self) {
      _ = try CredentialChain(configuration, files) { () throws(Failure) in throw Failure(.settings, "not asked") }
    }
    #expect(nowhere?.what.description.contains("AWS_SHARED_CREDENTIALS_FILE names /nowhere/keys") == true)
  }

  @Test(arguments: [
    "[default]\n  aws_access_key_id = A\n  aws_secret_access_key = s\n",
    "\u{FEFF}[default]\naws_access_key_id = A\naws_secret_access_key = s\naws_session_token =\n",
    "[default]\r\n\tAWS_ACCESS_KEY_ID: A\r\n\taws_secret_access_key:s\r\n",
    "[default]\ns3 =\n  aws_access_key_id = X\naws_access_key_id = A\n\n; x\naws_secret_access_key = s\n",
  ])
  func `what AWS's own programs read is read`(_ text: String) throws {
    #expect(try keys(text, nil) == AWSCredentials(accessKey: "A", secretKey: "s"))
  }

  @Test(arguments: ["profile \"my prof\"", "profile 'my prof'", "profile\tmy prof"])
  func `a profile's name may stand in quotes`(_ section: String) throws {
    try files(nil, "[\(section)]\naws_access_key_id = A\naws_secret_access_key = s\n") { environment in
      let named = environment.merging(["AWS_PROFILE": "my prof"]) { $1 }
      let found = try keys(named)
      #expect(found?.accessKey == "A")
    }
  }

  @Test func `a profile says where services are, and the section of services counts more`() throws {
    let config = """
      [default]
      region = eu-central-1
      endpoint_url = https://all.example
      services = here
      [services here]
      s3 =
        endpoint_url = https://s3.example
      sqs =
        endpoint_url = https://sqs.example
      """
    try files(nil, config) { environment in
      let (queue, topic) = ("sqs:https://sqs.eu-central-1.amazonaws.com/1/o", "sns:arn:aws:sns:eu-central-1:1:o")
      for (address, more, host) in [
        (queue, [:], "sqs.example"), (topic, [:], "all.example"), (queue, ["AWS_ENDPOINT_URL": "https://a"], "a"),
        (queue, ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"], "sqs.eu-central-1.amazonaws.com"),
      ] as [(String, [String: String], String)] {
        let configuration = AWSConfiguration(address: address, environment: environment.merging(more) { $1 })
        let endpoint = try ServiceEndpoint(
          of: try AWSAddress(address), configuration, try ProfileFiles(configuration), region: nil)
        #expect(endpoint.host == host)
      }
    }
  }
}
