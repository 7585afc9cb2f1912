// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import HTTPDelivery
import IntegrationEvents
import Octets
import PostgresWire

/// Takes a role by a token that somebody else has written, as Kubernetes does. Source: AWS Security Token Service API Reference,
/// "AssumeRoleWithWebIdentity".
final class WebIdentity: Sendable {
  private let tokenFile: String
  private let role: String
  private let session: String
  private let endpoint: ServiceEndpoint
  private let transport: RenewedTransport

  init(
    _ configuration: AWSConfiguration, tokenFile: String, role: String, session: String?, _ endpoint: ServiceEndpoint
  ) throws(Failure) {
    (self.tokenFile, self.role, self.endpoint) = (tokenFile, role, endpoint)
    self.session = session ?? "tailrace"
    transport = try RenewedTransport(configuration.http(endpoint.url), endpoint.address)
  }

  func credentials() async throws(CredentialTrouble) -> AWSCredentials {
    let token: String
    do throws(SystemFailure) {
      guard let text = try SmallFile.read(tokenFile, patience: 0)?.trimmedBlanks, !text.isEmpty else {
        throw SystemFailure.missing
      }
      token = text
    } catch {
      throw CredentialTrouble(
        "the web identity's token cannot be read from \(tokenFile): \(error.textInSentence)",
        hint: "check AWS_WEB_IDENTITY_TOKEN_FILE", isLasting: true)
    }
    var form = FormWriter()
    form.append("Action", "AssumeRoleWithWebIdentity")
    form.append("Version", "2011-06-15")
    form.append("RoleArn", role)
    form.append("RoleSessionName", session)
    form.append("WebIdentityToken", token)
    let call = HTTPTransport.Call(
      method: "POST", url: endpoint.url,
      headers: [("host", endpoint.host), ("content-type", FormWriter.contentType)], body: form.bytes,
      longestAnswer: 64 * 1024)
    switch await transport.current.exchange(call) {
    case .answer(let answer) where answer.status == 200:
      guard let credentials = XMLAnswer.credentials(answer.body), credentials.areWritable else {
        throw CredentialTrouble("STS answers with something else than credentials")
      }
      return credentials
    case .answer(let answer):
      let code = XMLAnswer.error(answer.body)?.code ?? ""
      throw CredentialTrouble(
        "STS does not give the role: \(AWSTrouble.shown(code, answer.status))",
        hint: "check AWS_ROLE_ARN, the role's trust policy, and that the token has not expired",
        Self.subject(code, answer.status))
    case .failed(let why), .unpostable(let why): throw CredentialTrouble("STS: \(why)\(transport.way)")
    case .hopeless(let why, let advice):
      throw CredentialTrouble("STS: \(why)\(transport.way)", hint: advice, isLasting: true)
    case .untrusted(let why, let advice):
      throw CredentialTrouble("STS: \(why)\(transport.way)", hint: advice ?? AWSClient.authority, isLasting: true)
    }
  }

  /// Whom a refusal concerns. Source: AWS Security Token Service API Reference, "AssumeRoleWithWebIdentity", "Errors".
  private static func subject(_ code: String, _ status: Int) -> TroubleSubject {
    switch code {
    case "AccessDenied", "AccessDeniedException": .permission
    case "ExpiredTokenException", "ExpiredToken", "InvalidIdentityToken", "InvalidIdentityTokenException",
      "IDPRejectedClaim", "IDPRejectedClaimException":
      .login
    // Whoever vouches for us could not be asked.
    case "IDPCommunicationError", "IDPCommunicationErrorException": .server
    case _ where AWSTrouble.isThrottling(code) || AWSTrouble.isInternal(code): .server
    default: (400..<500).contains(status) && status != 408 && status != 429 ? .credentials : .server
    }
  }

  func close() { transport.close() }
}
