// SPDX-License-Identifier: Apache-2.0

import HTTPDelivery
import PostgresWire
import Synchronization

/// What a machine of EC2 is given, by the second version of the metadata service alone: the first one gives credentials to whoever
/// can make somebody here ask. Source: Amazon EC2 User Guide, "Use the Instance Metadata Service".
final class InstanceMetadata: Sendable {
  private let url: String
  private let transport: RenewedTransport
  /// That a file of credentials is named which is not there.
  private let absence: String
  /// Whether it is there, so that a silence is one.
  private let hasAnswered = Atomic(false)

  init(_ configuration: AWSConfiguration, absence: String? = nil) throws(Failure) {
    self.absence = absence.map { " (\($0))" } ?? ""
    let isNewer = configuration.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
    let usual = isNewer ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
    let given = configuration.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? usual
    url = given.hasSuffix("/") ? String(given.dropLast()) : given
    let address: HTTPAddress
    do { address = try HTTPAddress(url) } catch {
      throw Failure(.credentials, "AWS_EC2_METADATA_SERVICE_ENDPOINT: \(error)")
    }
    transport = try RenewedTransport(configuration.local(url), address)
  }

  func credentials() async throws(CredentialTrouble) -> AWSCredentials {
    let roles = "/latest/meta-data/iam/security-credentials/"
    let token = try await ask("PUT", "/latest/api/token", ("x-aws-ec2-metadata-token-ttl-seconds", "21600"))
    guard (1...1024).contains(token.utf8.count), token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw Self.odd
    }
    let field = ("x-aws-ec2-metadata-token", token)
    let role = try await ask("GET", roles, field).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    guard (1...128).contains(role.utf8.count), role.utf8.allSatisfy({ Self.isOfName($0) }) else { throw Self.odd }
    let answer = try await ask("GET", roles + role, field)
    guard let credentials = JSONAnswer.credentials(Array(answer.utf8)), credentials.areWritable else { throw Self.odd }
    return credentials
  }

  private static let odd = CredentialTrouble("the metadata service answers with something else than credentials")

  /// Source: IAM User Guide, "Names and identifiers".
  private static func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "+=,.@_-".utf8.contains(byte)
    }
  }

  private func ask(_ method: String, _ path: String, _ field: (String, String)) async throws(CredentialTrouble)
    -> String
  {
    let call = HTTPTransport.Call(method: method, url: url + path, headers: [field], longestAnswer: 64 * 1024)
    let outcome = await transport.current.exchange(call)
    if case .answer = outcome { hasAnswered.store(true, ordering: .relaxed) }
    switch outcome {
    case .answer(let answer) where answer.status == 200: return String(decoding: answer.body, as: UTF8.self)
    case .answer(let answer) where answer.status == 404 && method == "GET":
      throw CredentialTrouble(
        "the machine has no role of EC2, and there are no other credentials of AWS\(absence)",
        hint: "give it an instance profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", isLasting: true)
    case .answer(let answer):
      throw CredentialTrouble("the metadata service answers with status \(answer.status)")
    case .failed(let why) where hasAnswered.load(ordering: .relaxed) || why.hasPrefix("no answer"):
      // Somebody is there, and slow.
      throw CredentialTrouble(
        "the metadata service: \(why)",
        hint: "from a container it wants a hop limit of 2 (HttpPutResponseHopLimit)")
    case .failed(let why), .unpostable(let why), .hopeless(let why, _), .untrusted(let why, _):
      throw CredentialTrouble(
        """
        there are no credentials of AWS: none in the environment, in a profile\(absence) or of a container, \
        and the metadata service: \(why)
        """,
        hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE", isLasting: true)
    }
  }

  func close() { transport.close() }
}
