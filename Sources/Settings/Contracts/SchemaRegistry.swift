// SPDX-License-Identifier: Apache-2.0

import Contracts
import Delivery
import Dispatch
import HTTPDelivery
import IntegrationEvents
import Octets
import PostgresWire
import Synchronization

/// A registry of schemas that has Confluent's interface: asked at the start, and not again.
struct SchemaRegistry: Sendable {
  /// What it says of a schema.
  enum Answer: Sendable {
    case id(UInt32)
    /// It has no such schema under the subject, or no such subject.
    case unknown
  }

  private let settings: RegistrySettings
  private let shown: String
  private let exchange: HTTPExchange
  private let headers: [(String, String)]
  private let isCancelled: @Sendable () -> Bool

  /// - Parameters:
  ///   - settings: how it is asked.
  ///   - url: where it is.
  ///   - isCancelled: asked while it does not answer: true gives up.
  init(
    _ settings: RegistrySettings, _ url: String, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    (self.settings, self.isCancelled) = (settings, isCancelled)
    shown = url.withoutSecrets
    do throws(Failure) { exchange = try HTTPExchange(settings.configuration(url)) } catch {
      throw Failure(error.kind, "the registry \(shown): \(error.what)", advice: error.advice)
    }
    var headers = [("accept", Self.mediaType), ("content-type", Self.mediaType)]
    if let user = settings.user, let file = settings.passwordFile {
      let password = try CredentialFile<String>(passwordIn: file).current
      headers.append(("authorization", "Basic \(Base64.encode(Array("\(user):\(password)".utf8)))"))
    }
    self.headers = headers
  }

  private static let another: Wording = "name the address of a registry that has Confluent's interface"
  private static let mediaType = "application/vnd.schemaregistry.v1+json"

  func close() { exchange.close() }

  /// What a contract's subject is called.
  func subject(of contract: Contract, topic: String?) -> String {
    switch settings.subject {
    case .topic: "\(topic ?? "")-value"
    case .record: contract.recordName
    case .topicRecord: "\(topic ?? "")-\(contract.recordName)"
    }
  }

  /// Looks a contract's schema up under a subject. Blocks, in bounded time.
  func look(_ contract: Contract, _ subject: String) throws(Failure) -> Answer {
    try ask("/subjects/\(Self.encoded(subject))\(query)", try body(contract), contract, subject, mayRegister: false)
  }

  /// The contracts that it does not know, with their subjects. Blocks, in bounded time.
  func unknown(
    _ catalogue: ContractCatalogue, topic: String?
  ) throws(Failure) -> [(contract: Contract, subject: String)] {
    var unknown: [(contract: Contract, subject: String)] = []
    for contract in catalogue.allContracts {
      let subject = subject(of: contract, topic: topic)
      if case .unknown = try look(contract, subject) { unknown.append((contract, subject)) }
    }
    return unknown
  }

  /// Registers it there.
  func register(_ contract: Contract, _ subject: String) throws(Failure) -> Answer {
    try ask(
      "/subjects/\(Self.encoded(subject))/versions\(query)", try body(contract), contract, subject, mayRegister: true)
  }

  /// Whether the registry takes it for compatible with the latest of the subject; nil where it does not say.
  func isCompatible(_ contract: Contract, _ subject: String) throws(Failure) -> Bool? {
    let path = "/compatibility/subjects/\(Self.encoded(subject))/versions/latest\(query)"
    let (status, answer) = try send(path, try body(contract))
    guard status == 200, case .boolean(let isCompatible)? = Self.document(answer)?["is_compatible"]?.value else {
      return nil
    }
    return isCompatible
  }

  private var query: String { settings.normalizes ? "?normalize=true" : "" }

  private func body(_ contract: Contract) throws(Failure) -> [UInt8] {
    do throws(SchemaFault) {
      let (schema, type) = try contract.registered()
      // Of Avro the type is not told, which is what registries of any age take.
      let word = type == "AVRO" ? "" : #","schemaType":"\#(type)""#
      return Array(#"{"schema":\#(JSONText.string(schema))\#(word)}"#.utf8)
    } catch {
      throw Failure(
        .settings, "\(Wording("\(contract.file): \(error.problem)"))", advice: Wording(error.advice))
    }
  }

  private func ask(
    _ path: String, _ body: [UInt8], _ contract: Contract, _ subject: String, mayRegister: Bool
  ) throws(Failure) -> Answer {
    let (status, answer) = try send(path, body)
    let name = Wording("\(ForeignText("\(subject)"))")
    switch status {
    case 200...299:
      let document = Self.document(answer)
      // Readers take an id for a number with a sign.
      guard let id = document?["id"]?.integer, id > 0, let id = Int32(exactly: id) else {
        throw Failure(
          .settings, "the registry \(shown) answers without an id for the subject \(name)", advice: Self.another)
      }
      // In a context, a subject has its name in front.
      if case .string(let other)? = document?["subject"]?.value, !other.hasSuffix(subject) {
        throw Failure(
          .settings, "the registry \(shown) answers for another subject than \(name)", advice: Self.another)
      }
      return .id(UInt32(id))
    case 300...399:
      throw Failure(
        .settings, "the registry \(shown) sends us elsewhere, with status \(status), which is not followed",
        advice: "name the address that it leads to")
    case 404:
      // Whatever else answers there has never heard of subjects.
      guard let code = Self.document(answer)?["error_code"]?.integer, 40401...40403 ~= code else {
        throw Failure(
          .settings, "the registry \(shown) does not know what subjects are, and answers with status 404",
          advice: Self.another)
      }
      return .unknown
    case 409:
      throw Failure(
        .settings,
        "the registry \(shown) does not take \(Wording(contract.file)) under the subject \(name): it is not compatible with the versions there",
        advice:
          "mend the contract, or the compatibility that the subject is held to; where several types share the subject, use "
          + "\(setting: "registry-subject", "topic-record")")
    default:
      throw Failure(
        .settings,
        "the registry \(shown) refuses \(Wording(contract.file)) under the subject \(name), with status \(status)",
        advice: mayRegister
          ? "see whether it takes this schema, and allows registering it"
          : "see whether it takes schemas of this format")
    }
  }

  /// One request. What may heal is an error that is tried again.
  private func send(_ path: String, _ body: [UInt8]) throws(Failure) -> (status: Int, body: [UInt8]) {
    let outcome = Mutex<HTTPExchange.Outcome>(.failed("no answer"))
    let isDone = DispatchSemaphore(value: 0)
    let task = Task {
      let found = await exchange.send(path, body: body, headers: headers)
      outcome.withLock { $0 = found }
      isDone.signal()
    }
    while isDone.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
      guard !isCancelled() else {
        task.cancel()
        throw Failure(.registry, "the registry \(shown) had not answered when we were told to stop")
      }
    }
    switch outcome.withLock(\.self) {
    case .failed(let why): throw Failure(.registry, "the registry \(shown): \(why)")
    case .hopeless(let why, let advice):
      let words = why.replacing("the receiver's", with: "its")
      let mend: Wording? =
        why.contains("certificate") && settings.authorityFile == nil
        ? "renew it, or name who vouches for it: \(setting: "registry-ca-file", "PATH")" : nil
      throw Failure(.receiver, "the registry \(shown): \(words)", advice: advice ?? mend)
    case .answer(let status, _) where status == 429 || status == 408 || status >= 500:
      throw Failure(.registry, "the registry \(shown): status \(status)")
    case .answer(let status, _) where status == 401 || status == 403 || status == 407:
      throw Failure(
        .credentials, "the registry \(shown) does not let us in, with status \(status)",
        advice:
          "check \(setting: "registry-user") and \(setting: "registry-password-file"), or \(setting: "registry-token-file")"
      )
    case .answer(let status, let body): return (status, body)
    }
  }

  private static func document(_ body: [UInt8]) -> SchemaDocument? { try? SchemaDocument(body) }

  /// A subject as a segment of a path.
  private static func encoded(_ subject: String) -> String {
    var text: [UInt8] = []
    text.appendPercentEncoded(Array(subject.utf8)) { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || "-._~".utf8.contains(byte)
    }
    return String(decoding: text, as: UTF8.self)
  }
}
