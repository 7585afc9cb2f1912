// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import DequeModule
import NIOCore

extension AMQPSession {
  /// What is to be published, and what became of what was.
  struct Publishing {
    /// A message that comes back, as far as it has come.
    struct Returned {
      let code: UInt16
      let routingKey: String
      var header: ContentHeader?
      var left: UInt64 = 0
    }

    var ledger = ConfirmLedger<PublishedEvent>()
    var waiting: Deque<PublishedEvent> = []
    /// Events of which one has made the broker close the channel. They go one by one, so that it is known which.
    var suspects: Deque<PublishedEvent> = []
    var isAlone = false
    /// How many of the suspects in a row closed the channel for a reason of the destination.
    var closings = 0
    var returned: Returned?
    var isBlocked = false
    var isHeld = false
    /// When the channel was to be opened; nil while it is open.
    var opened: ContinuousClock.Instant?
    var resumed: ContinuousClock.Instant?

    /// Since when a confirmation is waited for.
    var waitingSince: ContinuousClock.Instant? {
      guard !isBlocked, !isHeld, let oldest = ledger.oldest else { return nil }
      return max(oldest.since, resumed ?? oldest.since)
    }

    /// All that is open shares a trouble.
    mutating func giveUp(_ trouble: AMQPTrouble) {
      let open = ledger.drain() + suspects + waiting
      (suspects, waiting, isAlone, returned) = ([], [], false, nil)
      for event in open { _ = event.attempt.settle(event.index, trouble.verdict) }
    }
  }

  /// Takes an attempt.
  func publish(_ written: WrittenAttempt, _ continuation: CheckedContinuation<[Attempt.Verdict], Never>) {
    let attempt = PendingAttempt(written, continuation)
    guard phase != .closed, phase != .closing else {
      for index in written.order.heads { _ = attempt.settle(index, AMQPTrouble(ChannelError.eof).verdict) }
      return
    }
    for index in written.order.heads { publishing.waiting.append(PublishedEvent(attempt: attempt, index: index)) }
    pump()
    flush()
  }

  /// Sends what may be sent now.
  func pump() {
    guard phase == .ready, !publishing.isBlocked, !publishing.isHeld else { return }
    guard publishing.suspects.isEmpty, !publishing.isAlone else {
      guard publishing.ledger.isEmpty, let next = publishing.suspects.popFirst() else { return }
      publishing.isAlone = true
      return send(next)
    }
    while let next = publishing.waiting.popFirst() { send(next) }
  }

  private func send(_ event: PublishedEvent) {
    guard let message = event.attempt.written.messages[event.index] else { return }
    var event = event
    (event.since, event.isReturned) = (.now, false)
    send(event.attempt.written.bytes[message.frames])
    publishing.ledger.add(event)
  }

  /// The broker confirms, or says that it could not store.
  func settle(_ tag: UInt64, _ multiple: Bool, isStored: Bool) throws(ProtocolBreach) {
    var settled: [PublishedEvent] = []
    try publishing.ledger.settle(tag, multiple: multiple) { settled.append($0) }
    for event in settled {
      let verdict: Attempt.Verdict =
        if event.isReturned {
          opening.queue == nil
            ? .refused(AMQPTrouble.unroutable(opening.route, at: opening.place))
            : AMQPTrouble(code: 404, .publishing, to: opening.place).verdict
        } else {
          isStored ? .published : AMQPTrouble.refusedByQueue.verdict
        }
      decide(event, verdict)
    }
    if publishing.ledger.isEmpty { (publishing.isAlone, publishing.closings) = (false, 0) }
  }

  private func decide(_ event: PublishedEvent, _ verdict: Attempt.Verdict) {
    guard let next = event.attempt.settle(event.index, verdict) else { return }
    publishing.waiting.append(PublishedEvent(attempt: event.attempt, index: next))
  }

  // MARK: what comes back

  func takeReturned(_ header: ContentHeader) throws(ProtocolBreach) {
    guard publishing.returned != nil, publishing.returned?.header == nil else { throw .outOfTurn }
    publishing.returned?.header = header
    publishing.returned?.left = header.bodySize
    finishReturned()
  }

  func takeReturned(bodySize: Int) throws(ProtocolBreach) {
    guard let returned = publishing.returned, returned.header != nil, bodySize <= returned.left else {
      throw .outOfTurn
    }
    publishing.returned?.left -= UInt64(bodySize)
    finishReturned()
  }

  /// Its confirmation comes behind it. Two with the same id and routing key have the same fate, in their order.
  private func finishReturned() {
    guard let returned = publishing.returned, let header = returned.header, returned.left == 0 else { return }
    publishing.returned = nil
    publishing.ledger.update { event in
      let bytes = event.attempt.written.bytes
      guard !event.isReturned, let message = event.attempt.written.messages[event.index],
        bytes[message.id].elementsEqual((header.messageID ?? "").utf8),
        bytes[message.routingKey].elementsEqual(returned.routingKey.utf8)
      else { return false }
      event.isReturned = true
      return true
    }
  }

  // MARK: a closed channel

  /// The broker has closed the channel: one of the events is to blame, or all share it.
  func reopen(after code: UInt16) {
    send(ClientMethod.channelCloseOK(MessageWriter.channel))
    let trouble = AMQPTrouble(code: code, .publishing, to: opening.place)
    let open = publishing.ledger.drain()
    let speaksOfEvent = AMQPTrouble.speaksOfEvent(code)
    // A user may be kept from some routing keys only; an exchange that is missing is so for all.
    let mayBlameOne = speaksOfEvent || code != 404
    publishing.returned = nil
    if mayBlameOne, open.count > 1 {
      publishing.suspects = Deque(open) + publishing.suspects
    } else {
      for event in open { decide(event, speaksOfEvent ? .refused(trouble.trouble) : trouble.verdict) }
      publishing.closings += speaksOfEvent ? 0 : 1
    }
    publishing.isAlone = false
    if !mayBlameOne || publishing.closings >= 3 {
      // Then it is not one of them.
      for event in publishing.suspects { decide(event, trouble.verdict) }
      (publishing.suspects, publishing.closings) = ([], 0)
    }
    openChannel()
  }
}
