// SPDX-License-Identifier: Apache-2.0

import Files
import HTTPDelivery
import PostgresWire

/// What a container is given by whoever runs it. Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
final class ContainerCredentials: Sendable {
  /// In the clear only this machine and those who run containers are asked.
  private static let hosts = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]

  private let url: String
  private let token: String?
  private let tokenFile: String?
  private let transport: RenewedTransport

  /// Nil where the environment names nobody to ask.
  init?(_ configuration: AWSConfiguration) throws(Failure) {
    let name: String
    if let path = configuration.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
      (name, url) = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "http://169.254.170.2\(path)")
      guard path.hasPrefix("/") else { throw Failure(.credentials, "\(name) is no path", advice: "it begins with /") }
    } else if let full = configuration.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
      (name, url) = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", full)
    } else {
      return nil
    }
    let address: HTTPAddress
    do { address = try HTTPAddress(url) } catch { throw Failure(.credentials, "\(name): \(error)") }
    guard address.isSecure || address.isLoopback || Self.hosts.contains(address.host.lowercased()) else {
      throw Failure(
        .credentials, "\(name) names another host in the clear, who is not to be asked for credentials",
        advice: "use https://, or this machine")
    }
    token = configuration.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    tokenFile = configuration.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    transport = try RenewedTransport(configuration.local(url), address)
  }

  func credentials() async throws(CredentialTrouble) -> AWSCredentials {
    var headers = [("accept", "application/json")]
    var token = token
    if let tokenFile {
      do throws(SystemFailure) { token = try SmallFile.read(tokenFile, patience: 0)?.trimmedBlanks } catch {
        throw CredentialTrouble("\(tokenFile) cannot be read: \(error.textInSentence)", isLasting: true)
      }
      guard token != nil else { throw CredentialTrouble("there is no \(tokenFile)", isLasting: true) }
    }
    if let token {
      guard token.utf8.count <= 16_384, token.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
        throw CredentialTrouble("the container's authorization token is none", isLasting: true)
      }
      headers.append(("authorization", token))
    }
    let call = HTTPTransport.Call(method: "GET", url: url, headers: headers, longestAnswer: 64 * 1024)
    switch await transport.current.exchange(call) {
    case .answer(let answer) where answer.status == 200:
      guard let credentials = JSONAnswer.credentials(answer.body), credentials.areWritable else {
        throw CredentialTrouble("the container's credentials have another form")
      }
      return credentials
    case .answer(let answer):
      throw CredentialTrouble(
        "the container's credentials are refused: status \(answer.status)",
        hint: "check AWS_CONTAINER_AUTHORIZATION_TOKEN and the role of the task or the pod",
        isLasting: (400..<500).contains(answer.status) && answer.status != 429)
    case .failed(let why), .unpostable(let why): throw CredentialTrouble("the container's credentials: \(why)")
    case .hopeless(let why, _), .untrusted(let why, _):
      throw CredentialTrouble("the container's credentials: \(why)", isLasting: true)
    }
  }

  func close() { transport.close() }
}
