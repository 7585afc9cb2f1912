// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import DequeModule
import NIOCore

extension NATSSession {
  /// An event on its way, by its attempt.
  struct PublishedEvent {
    let attempt: PendingAttempt
    let index: Int
  }

  /// What an answer is waited for.
  struct Question {
    enum Asker {
      case event(PublishedEvent)
      case request((Result<JSONValue, NATSTrouble>) -> Void)
      case duplicate(Duplicate)
    }

    let asker: Asker
    let subject: [UInt8]
    let since = ContinuousClock.now
  }

  /// What is to be published, and what became of what was.
  struct Publishing {
    /// More messages than these a stream does not line up (max_buffered_msgs).
    static let mostOpen = 4000

    /// What subjects of answers begin with; a number follows.
    let inbox: [UInt8]
    var ledger = AnswerLedger<Question>()
    var waiting: Deque<PublishedEvent> = []
    /// What is still to be looked at, and how many looks are open.
    var duplicates: Deque<Duplicate> = []
    var looks = 0
    /// Where we are known not to be permitted to look.
    var unreadable: Set<String> = []

    init(inbox: [UInt8]) { self.inbox = inbox }

    var isEmpty: Bool { ledger.isEmpty && waiting.isEmpty && duplicates.isEmpty }

    /// All that is open shares a trouble.
    mutating func giveUp(_ trouble: NATSTrouble) {
      let (open, waiting) = (ledger.drain(), waiting + duplicates.map(\.event))
      (self.waiting, duplicates, looks) = ([], [], 0)
      for question in open {
        switch question.asker {
        case .event(let event): _ = event.attempt.settle(event.index, trouble.verdict)
        case .request(let answer): answer(.failure(trouble))
        case .duplicate(let duplicate): _ = duplicate.event.attempt.settle(duplicate.event.index, trouble.verdict)
        }
      }
      for event in waiting { _ = event.attempt.settle(event.index, trouble.verdict) }
    }
  }

  /// Takes an attempt.
  func publish(_ written: WrittenAttempt, _ continuation: CheckedContinuation<AttemptOutcome, Never>) {
    let attempt = PendingAttempt(written, continuation)
    guard phase == .ready || phase == .draining else {
      for index in written.order.heads { _ = attempt.settle(index, NATSTrouble(ChannelError.eof).verdict) }
      return
    }
    for index in written.order.heads { publishing.waiting.append(PublishedEvent(attempt: attempt, index: index)) }
    pump()
    flush()
  }

  /// Sends what may be sent now.
  func pump() {
    guard phase == .ready || phase == .draining else { return }
    while publishing.ledger.count < Publishing.mostOpen, let next = publishing.waiting.popFirst() { send(next) }
    if phase == .draining, publishing.isEmpty { fail(.ends) }
  }

  private func send(_ event: PublishedEvent) {
    let written = event.attempt.written
    guard let message = written.messages[event.index] else { return }
    guard message.size <= maximumPayload else {
      let trouble = NATSTrouble(
        "it has \(message.size) bytes with its headers, and the server takes \(maximumPayload) (max_payload)", .event)
      return decide(event, trouble.verdict)
    }
    let subject = written.bytes[message.subject]
    let number = publishing.ledger.add(Question(asker: .event(event), subject: Array(subject)))
    send("HPUB ")
    send(subject)
    send(" ")
    send(publishing.inbox)
    send("\(number) \(message.headers.count) \(message.size)\r\n")
    send(written.bytes[message.headers.lowerBound..<message.payload.upperBound])
    send("\r\n")
  }

  /// Asks JetStream something.
  func request(_ subject: String, _ payload: String, _ answer: @escaping (Result<JSONValue, NATSTrouble>) -> Void) {
    guard phase == .ready else { return answer(.failure(NATSTrouble(ChannelError.eof))) }
    ask(subject, payload, .request(answer))
    flush()
  }

  func ask(_ subject: String, _ payload: String, _ asker: Question.Asker) {
    let number = publishing.ledger.add(Question(asker: asker, subject: Array(subject.utf8)))
    send("PUB \(subject) ")
    send(publishing.inbox)
    send("\(number) \(payload.utf8.count)\r\n\(payload)\r\n")
  }

  // MARK: answers

  /// A message can only be an answer; what was given up, or is answered twice, is passed over.
  func take(_ message: ServerMessage) throws(WordBreach) {
    guard message.subject.starts(with: publishing.inbox) else { throw .outOfTurn }
    let digits = message.subject.dropFirst(publishing.inbox.count)
    guard let number = UInt64(String(decoding: digits, as: UTF8.self)) else { throw .outOfTurn }
    guard let question = publishing.ledger.take(number) else { return }
    switch question.asker {
    case .request(let answer):
      // Nobody listens there.
      guard message.status == nil else { return answer(.failure(.noJetStream)) }
      answer(JSONValue(message.payload).map { .success($0) } ?? .failure(.unexpected))
    case .event(let event):
      if let verdict = verdict(message, for: event) { decide(event, verdict) }
    case .duplicate(let duplicate): take(message, about: duplicate)
    }
  }

  /// Nil where that is not known yet.
  private func verdict(_ message: ServerMessage, for event: PublishedEvent) -> Attempt.Verdict? {
    if let status = message.status {
      return status == 503
        ? NATSTrouble.noStream(opening.pattern, opening.advice).verdict
        : NATSTrouble(status: status, code: 0, text: "", pattern: opening.pattern).verdict
    }
    switch StreamAnswer(message.payload) {
    case .stored(let place):
      guard place.isDuplicate else { return .published }
      look(
        into: Duplicate(event: event, stream: place.stream, domain: place.domain, sequence: place.sequence))
      return nil
    case .error(let status, let code, let text):
      return NATSTrouble(status: status, code: code, text: text, pattern: opening.pattern).verdict
    case .other: return NATSTrouble.unexpected.verdict
    }
  }

  func decide(_ event: PublishedEvent, _ verdict: Attempt.Verdict) {
    guard let next = event.attempt.settle(event.index, verdict) else { return }
    publishing.waiting.append(PublishedEvent(attempt: event.attempt, index: next))
  }

  private func settle(_ question: Question, _ trouble: NATSTrouble) {
    switch question.asker {
    case .event(let event): decide(event, trouble.verdict)
    case .request(let answer): answer(.failure(trouble))
    case .duplicate(let duplicate): giveUpLook(into: duplicate, trouble)
    }
  }

  /// Nobody has answered in time; the connection itself may be well.
  func giveUpUnanswered(since time: ContinuousClock.Instant) {
    while let (number, question) = publishing.ledger.oldest, question.since < time {
      guard publishing.ledger.take(number) != nil else { return }
      settle(question, .silent(opening.answerTimeout.components.seconds))
    }
    pump()
  }

  // MARK: errors

  /// Of errors only those about a subject have no end of the connection behind them. They have no number, but the subject: its
  /// oldest message is the one, for a server does one after another.
  func take(error words: String) {
    let quoted = words.firstIndex(of: "\"").flatMap { first in
      words.lastIndex(of: "\"").flatMap { $0 > first ? words[words.index(after: first)..<$0] : nil }
    }
    guard phase == .ready || phase == .draining, words.lowercased().contains("permissions violation for publish"),
      let quoted
    else { return fail(NATSTrouble(words: words)) }
    let subject = Array(quoted.utf8)
    // One that is about the subject for the answer names that.
    if subject.starts(with: publishing.inbox),
      let number = UInt64(String(decoding: subject.dropFirst(publishing.inbox.count), as: UTF8.self))
    {
      if let question = publishing.ledger.take(number) { settle(question, .notPermitted("\(opening.inboxPrefix).>")) }
      return
    }
    guard let number = publishing.ledger.first(where: { $0.subject == subject }),
      let question = publishing.ledger.take(number)
    else { return }
    switch question.asker {
    case .event: settle(question, .notPermitted(opening.pattern))
    case .request: settle(question, .notPermitted("$JS.API.>"))
    case .duplicate(let duplicate): refuseLook(into: duplicate)
    }
  }
}
