// SPDX-License-Identifier: Apache-2.0

import Delivery
import DequeModule
import Octets

/// What a stream has already. It knows an event by its id alone: another outbox's event of the same id would be taken for this
/// one, and be lost. So what it has is looked at.
extension NATSSession {
  /// An event that a stream says it had already.
  struct Duplicate {
    let event: PublishedEvent
    let stream: String
    /// Where JetStream of a domain is asked, if it is of one.
    let domain: String?
    let sequence: Int
  }

  /// So many are looked at side by side: answers hold whole messages.
  private static let mostLooks = 4

  /// Decides about an event when it is known what the stream has.
  func look(into duplicate: Duplicate) {
    let names = [duplicate.stream, duplicate.domain].compactMap(\.self)
    guard publishing.mayLook, names.allSatisfy(StreamDesk.isName) else { return conclude(duplicate, .unknown) }
    publishing.duplicates.append(duplicate)
    lookIntoDuplicates()
  }

  private func lookIntoDuplicates() {
    while publishing.looks < Self.mostLooks, let duplicate = publishing.duplicates.popFirst() {
      publishing.looks += 1
      let api = duplicate.domain.map { "$JS.\($0).API" } ?? "$JS.API"
      ask("\(api).STREAM.MSG.GET.\(duplicate.stream)", #"{"seq":\#(duplicate.sequence)}"#, .duplicate(duplicate))
    }
    flush()
  }

  /// What a look has found.
  enum Finding {
    case same
    /// An event of another source, or of none.
    case other([UInt8]?)
    /// It is gone, too long, or we may not look.
    case unknown
  }

  /// Takes what a stream has.
  func take(_ message: ServerMessage, about duplicate: Duplicate) {
    publishing.looks -= 1
    conclude(duplicate, finding(message, about: duplicate))
    lookIntoDuplicates()
  }

  private func finding(_ message: ServerMessage, about duplicate: Duplicate) -> Finding {
    let written = duplicate.event.attempt.written
    guard message.status == nil, message.isWhole, let answer = JSONValue(message.payload),
      let theirs = EventIdentity(answer: answer), let place = written.messages[duplicate.event.index],
      let ours = EventIdentity(headers: written.bytes[place.headers], payload: written.bytes[place.payload]),
      // Else it is another stream that answers.
      theirs.messageID == ours.messageID
    else { return .unknown }
    return theirs.source == ours.source ? .same : .other(theirs.source)
  }

  /// A look comes to nothing.
  func giveUpLook(into duplicate: Duplicate, _ trouble: NATSTrouble) {
    publishing.looks -= 1
    if trouble.subject == .permission {
      publishing.mayLook = false
      conclude(duplicate, .unknown)
      while let next = publishing.duplicates.popFirst() { conclude(next, .unknown) }
    } else {
      decide(duplicate.event, trouble.verdict)
      lookIntoDuplicates()
    }
  }

  private func conclude(_ duplicate: Duplicate, _ finding: Finding) {
    let stream = ForeignText(duplicate.stream).shortened(to: 64)
    switch finding {
    case .same:
      duplicate.event.attempt.remark =
        "the stream \(stream) had events already that were sent again, and keeps each once (Nats-Msg-Id)"
      decide(duplicate.event, .published)
    case .unknown:
      duplicate.event.attempt.remark =
        "the stream \(stream) had an event of the same id already, and keeps it once; whether it is the same event cannot be looked up ($JS.API.STREAM.MSG.GET.\(stream))"
      decide(duplicate.event, .published)
    case .other(let source):
      let source = source.map { ForeignText(String(decoding: $0, as: UTF8.self)).shortened(to: 64) }
      decide(duplicate.event, NATSTrouble.taken(stream, by: source).verdict)
    }
  }
}
