// SPDX-License-Identifier: Apache-2.0

import Delivery
import DequeModule
import Octets

/// What a stream has already. It knows an event by its id alone: another event of the same id would be taken for this one, and be
/// lost. So what it has is looked at, and what cannot be told from another one is sent until the stream has forgotten the id.
extension NATSSession {
  /// An event that a stream says it had already.
  struct Duplicate {
    let event: PublishedEvent
    let stream: String
    /// Where JetStream of a domain is asked, if it is of one.
    let domain: String?
    let sequence: Int

    /// Where its stream is asked.
    var subject: String { "\(domain.map { "$JS.\($0).API" } ?? "$JS.API").STREAM.MSG.GET.\(stream)" }

    /// The stream, for people.
    var name: String { ForeignText(stream).shortened(to: 64) }
  }

  /// So many are looked at side by side: answers hold whole messages.
  private static let mostLooks = 4
  /// So many streams that we may not look into are kept in mind.
  private static let mostUnreadable = 64

  /// Decides about an event when it is known what the stream has.
  func look(into duplicate: Duplicate) {
    publishing.duplicates.append(duplicate)
    lookIntoDuplicates()
  }

  private func lookIntoDuplicates() {
    while publishing.looks < Self.mostLooks, let duplicate = publishing.duplicates.popFirst() {
      let names = [duplicate.stream, duplicate.domain].compactMap(\.self)
      guard names.allSatisfy(StreamDesk.isName) else {
        conclude(duplicate, .unclear("its name is none that can be asked for"))
        continue
      }
      guard !publishing.unreadable.contains(duplicate.subject) else {
        conclude(duplicate, .notPermitted)
        continue
      }
      publishing.looks += 1
      ask(duplicate.subject, #"{"seq":\#(duplicate.sequence)}"#, .duplicate(duplicate))
    }
    flush()
  }

  /// What a look has found.
  private enum Finding {
    case same
    /// Another one: an event of a source, or none.
    case other(source: [UInt8]?, isOurs: Bool)
    /// It cannot be told, and why.
    case unclear(String)
    /// We may not look.
    case notPermitted
  }

  /// Takes what a stream has.
  func take(_ message: ServerMessage, about duplicate: Duplicate) {
    end(duplicate, finding(message, about: duplicate))
  }

  /// A look is over.
  private func end(_ duplicate: Duplicate, _ finding: Finding) {
    publishing.looks -= 1
    conclude(duplicate, finding)
    lookIntoDuplicates()
  }

  private func finding(_ message: ServerMessage, about duplicate: Duplicate) -> Finding {
    let written = duplicate.event.attempt.written
    if let status = message.status { return .unclear("\(status)") }
    guard message.isWhole else { return .unclear("it is too long to be looked at") }
    let answer = JSONValue(message.payload)
    if let error = answer.flatMap(APIError.init) {
      switch (error.status, error.code) {
      case (403, _): return .notPermitted
      case (_, 10037): return .unclear("it is gone from there (JetStream error 10037)")
      case (let status, 0): return .unclear("\(status)")
      case (_, let code): return .unclear("JetStream error \(code)")
      }
    }
    guard let theirs = answer.flatMap(EventIdentity.init(answer:)),
      let place = written.messages[duplicate.event.index],
      let ours = EventIdentity(headers: written.bytes[place.headers], payload: written.bytes[place.payload]),
      // Else it is another stream that answers.
      theirs.messageID == ours.messageID
    else { return .unclear("what it answers makes no sense") }
    if theirs.isSame(as: ours) { return .same }
    return .other(source: theirs.source, isOurs: theirs.source == ours.source)
  }

  /// A look comes to nothing.
  func giveUpLook(into duplicate: Duplicate, _ trouble: NATSTrouble) { end(duplicate, .unclear(trouble.reason)) }

  /// We may not look.
  func refuseLook(into duplicate: Duplicate) { end(duplicate, .notPermitted) }

  private func conclude(_ duplicate: Duplicate, _ finding: Finding) {
    let stream = duplicate.name
    switch finding {
    case .same:
      duplicate.event.attempt.note(
        "a stream had events already that were sent again, and keeps each once (Nats-Msg-Id)", isGrave: false)
      decide(duplicate.event, .published)
    case .notPermitted:
      if publishing.unreadable.count < Self.mostUnreadable { publishing.unreadable.insert(duplicate.subject) }
      duplicate.event.attempt.note(
        "the stream \(stream) had an event of the same id already, and keeps it once; whether it is the same event cannot be looked up ($JS.API.STREAM.MSG.GET.\(stream))",
        isGrave: true)
      decide(duplicate.event, .published)
    case .unclear(let why): decide(duplicate.event, NATSTrouble.unclear(stream, why).verdict)
    case .other(let source, let isOurs):
      let source = source.map { ForeignText(String(decoding: $0, as: UTF8.self)).shortened(to: 64) }
      decide(duplicate.event, NATSTrouble.taken(stream, by: source, isOurs: isOurs).verdict)
    }
  }
}
