// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import Digests
import HTTPDelivery
import PostgresWire

/// Asks one service, in our name.
final class AWSClient: Sendable {
  /// More is no answer, in bytes.
  private static let longestAnswer = 256 * 1024

  let address: AWSAddress
  private let endpoint: ServiceEndpoint
  private let signing: RequestSigning
  private let store: CredentialStore
  private let transport: RenewedTransport

  init(_ configuration: AWSConfiguration, _ address: AWSAddress) throws(Failure) {
    self.address = address
    try EventLoops.prepare()
    let profile = try ProfileFiles(configuration)
    let region =
      configuration.variable("AWS_REGION") ?? configuration.variable("AWS_DEFAULT_REGION") ?? profile?.current["region"]
    let endpoint = try ServiceEndpoint(of: address, configuration, profile, region: region)
    let chain = try CredentialChain(configuration, profile) { () throws(Failure) in
      try ServiceEndpoint(.sts, beside: address, region: region ?? endpoint.region, configuration, profile)
    }
    store = CredentialStore(chain)
    signing = RequestSigning(service: address.service.rawValue, region: endpoint.region)
    transport = try RenewedTransport(configuration.http(endpoint.url), endpoint.address)
    self.endpoint = endpoint
  }

  /// What is wrong although requests go on.
  var complaints: [String: String] { store.complaints.merging(transport.complaints) { first, _ in first } }

  /// Asks for an action; gives the words of an answer that says it was done.
  ///
  /// - Parameters:
  ///   - action: its name; the query protocol has it in the body too.
  ///   - body: the request, as the service's protocol has it.
  func ask(_ action: String, _ body: [UInt8]) async throws(AWSTrouble) -> HTTPTransport.Answer {
    let credentials: AWSCredentials
    do { credentials = try await store.credentials() } catch { throw AWSTrouble(error) }
    let isJSON = address.service == .sqs
    var headers = [
      ("host", endpoint.host), ("content-type", isJSON ? "application/x-amz-json-1.0" : FormWriter.contentType),
    ]
    if isJSON { headers.append(("x-amz-target", "AmazonSQS.\(action)")) }
    let request = RequestSigning.Request(method: "POST", path: endpoint.path, headers: headers, body: body)
    do throws(SHA256.Unavailable) {
      headers = try signing.headers(of: request, by: credentials, at: PostgresTimestamp.now.unixSeconds)
    } catch {
      throw AWSTrouble("libcrypto computes no SHA-256 here: see openssl list -providers")
    }
    var call = HTTPTransport.Call(
      method: "POST", url: endpoint.url, headers: headers, body: body, longestAnswer: Self.longestAnswer)
    call.fields = ErrorAnswer.fields
    let used = transport.current
    switch await used.exchange(call) {
    case .answer(let answer):
      guard answer.status != 200 else { return answer }
      let error = ErrorAnswer(answer.body, answer.fields)
      var trouble = AWSTrouble(
        error.code, error.message, status: answer.status, at: address, credentials: store.chain.hint)
      trouble.retryAfter = answer.retryAfter
      if trouble.wantsCredentials { await store.refuse(credentials) }
      throw trouble
    case .failed(let why), .unpostable(let why):
      _ = transport.renew(used)
      throw AWSTrouble(why + transport.way)
    case .hopeless(let why, let advice):
      _ = transport.renew(used)
      throw AWSTrouble(why + transport.way, .destination, hint: advice)
    case .untrusted(let why, let advice):
      _ = transport.renew(used)
      throw AWSTrouble(why + transport.way, .destination, hint: advice ?? Self.authority)
    }
  }

  /// What AWS says of an entry.
  func trouble(_ failed: BatchAnswer.Failed) -> AWSTrouble {
    var trouble = AWSTrouble(
      failed.code, failed.message, status: nil, at: address, credentials: store.chain.hint)
    guard !failed.isOurs else { return trouble }
    // Of an event it speaks only where it blames us.
    if !trouble.subject.concernsReceiver {
      trouble = AWSTrouble("it answers with \(AWSTrouble.shown(failed.code, nil))")
    }
    return trouble
  }

  /// What to do about a certificate that is not to be trusted.
  static let authority: Wording = "mend its certificate, or name its authority with \(setting: "ca-file")"

  /// Looks whether there are other certificates now.
  func renew() { _ = transport.renew(transport.current) }

  func close() {
    transport.close()
    store.close()
  }
}
