// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets
import PostgresWire

/// What JetStream tells of streams, and makes. Source: NATS ADR-1; NATS documentation, "JetStream wire API Reference".
struct StreamDesk: Sendable {
  /// What a stream is, as far as it matters here.
  struct Stream: Sendable {
    let name: String
    let subjects: [String]
    let isInMemory: Bool
    let retention: String
    let isMute: Bool
    let isSealed: Bool

    init?(_ answer: JSONValue) {
      guard let config = answer["config"], let name = config["name"]?.string else { return nil }
      self.name = ForeignText(name).shortened(to: 64)
      subjects = config["subjects"]?.strings ?? []
      isInMemory = config["storage"]?.string == "memory"
      retention = config["retention"]?.string ?? "limits"
      isMute = config["no_ack"]?.bool ?? false
      isSealed = config["sealed"]?.bool ?? false
    }

    /// Why what it has stored may be lost all the same.
    var doubt: String? {
      if isInMemory { return "the stream \(name) is kept in memory, and forgotten with its server (storage)" }
      if retention == "interest" {
        return "the stream \(name) keeps nothing that no consumer waits for (retention interest)"
      }
      return nil
    }

    /// Why it takes none; nil where it does.
    var refusal: NATSTrouble? {
      if isMute {
        return NATSTrouble(
          "the stream \(name) does not say what it has stored (no_ack)", .destination,
          hint: "make it without no_ack")
      }
      if isSealed { return NATSTrouble("the stream \(name) is sealed", .destination, hint: "use another stream") }
      return nil
    }
  }

  /// How many streams are looked at.
  private static let most = 8

  let session: NATSSession.Handle
  let pattern: SubjectPattern

  /// The names of the streams that take any of the subjects; nil where we may not ask.
  func names() async throws(NATSTrouble) -> [String]? {
    let answer: JSONValue
    do {
      answer = try await ask("$JS.API.STREAM.NAMES", #"{"subject":\#(JSONText.string(pattern.text))}"#)
    } catch {
      if error.subject == .permission { return nil }
      throw error
    }
    return answer["streams"]?.strings ?? []
  }

  /// What a stream is; nil where there is none of the name, or we may not ask.
  func stream(_ name: String) async throws(NATSTrouble) -> Stream? {
    do { return Stream(try await ask("$JS.API.STREAM.INFO.\(name)", "")) } catch {
      if error.subject == .permission || error == .noStream(pattern.text) || error == .noJetStream { return nil }
      throw error
    }
  }

  /// The streams that take any of the subjects; nil where we may not ask.
  func streams() async throws(NATSTrouble) -> [Stream]? {
    guard let names = try await names() else { return nil }
    var streams: [Stream] = []
    for name in names.prefix(Self.most) where Self.isName(name) {
      if let stream = try await stream(name) { streams.append(stream) }
    }
    return streams
  }

  /// Refuses a stream of a name that does not take all of the subjects; tells whether there is one.
  func isThere(_ name: String) async throws(NATSTrouble) -> Bool {
    guard let stream = try await stream(name) else { return false }
    guard stream.subjects.contains(where: { pattern.isCovered(by: $0) }) else {
      throw NATSTrouble(
        "the stream \(name) does not take \(pattern.text)", .destination,
        hint:
          "add these subjects to it in the place of those that overlap with them, or leave \(setting: "nats-create-stream") out and make another stream, or choose another \(setting: "route")"
      )
    }
    if let refusal = stream.refusal { throw refusal }
    return true
  }

  /// Makes a stream for the subjects, on disk and without limits, unless there is one of the name. That it cannot be made is of the
  /// place, whatever JetStream says: no event is to blame for it.
  func create(_ name: String) async throws(NATSTrouble) {
    guard try await !isThere(name) else { return }
    let subjects = JSONText.string(pattern.text)
    let answer = try await session.request(
      "$JS.API.STREAM.CREATE.\(name)",
      #"{"name":"\#(name)","subjects":[\#(subjects)],"retention":"limits","storage":"file","discard":"old","#
        + #""max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msg_size":-1,"num_replicas":1}"#)
    guard let error = APIError(answer) else { return }
    // Somebody else has made one since, or there was one that we may not look at: whether it takes the subjects its answers to
    // events tell, and what it is may be seen now.
    if error.code == Self.isTaken {
      _ = try await isThere(name)
      return
    }
    throw refusal(of: name, error)
  }

  /// JetStream's number for a name that a stream of another set-up has.
  private static let isTaken = 10058

  private func refusal(of name: String, _ error: APIError) -> NATSTrouble {
    let trouble = trouble(error)
    let number = error.code > 0 ? "JetStream error \(error.code)" : "\(error.status)"
    if trouble.subject == .permission {
      return NATSTrouble(
        "the user may not make the stream \(name) (\(number))", .permission,
        hint: "let the user do so, or make it by hand and leave \(setting: "nats-create-stream") out",
        longestPause: .seconds(5))
    }
    // What has advice of its own keeps it.
    guard trouble.hint == nil else { return trouble }
    return NATSTrouble(
      "the stream \(name) cannot be made (\(number))", .destination,
      hint:
        "look at the account's limits and the server's log, or make it by hand and leave \(setting: "nats-create-stream") out",
      longestPause: .seconds(10))
  }

  private func ask(_ subject: String, _ payload: String) async throws(NATSTrouble) -> JSONValue {
    let answer = try await session.request(subject, payload)
    guard let error = APIError(answer) else { return answer }
    throw trouble(error)
  }

  /// What an error says that is the answer to a question: nothing of an event, although some of them would in an answer to one.
  private func trouble(_ error: APIError) -> NATSTrouble {
    var trouble = NATSTrouble(status: error.status, code: error.code, text: error.text, pattern: pattern.text)
    if !trouble.subject.concernsReceiver { (trouble.subject, trouble.hint) = (.destination, nil) }
    return trouble
  }

  /// Whether a stream can be called so: its name is a token of a subject, and a directory's.
  static func isName(_ name: String) -> Bool {
    (1...255).contains(name.utf8.count)
      && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && !#".*>/\""#.utf8.contains($0) }
  }
}
