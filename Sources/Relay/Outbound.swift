// SPDX-License-Identifier: Apache-2.0

import Delivery
import DequeModule
import Files
import PostgresWire
import Synchronization

/// What is with the sink, and whether more may go there.
struct Outbound {
  let gate: SinkGate
  private let mailbox: Mailbox
  /// The batches under way by their numbers, to be used again; nil where the answer has come.
  private var batches: Deque<EventBatch?> = []
  private var firstNumber = 0
  private var gathering = Gathering()
  /// What cleans up the rows of what is durable; nil where they are kept.
  var cleanUp: CleanUpDesk?
  /// Rows that have come again, by the batch that went next.
  private var beside: [Int: [RecognisedRow]] = [:]
  /// Why the sink takes nothing any more.
  private(set) var failure: Failure?
  /// How many events are durable.
  private(set) var deliveredEvents = 0
  /// How many bytes these had.
  private(set) var deliveredBytes = 0

  init(_ sink: any Sink, _ wakeup: Wakeup, _ cleanUp: CleanUpDesk? = nil) {
    gate = SinkGate(sink)
    self.cleanUp = cleanUp
    mailbox = Mailbox(wakeup)
  }

  /// Whether the sink takes another batch.
  func hasRoom(_ rule: ConfirmRule) -> Bool {
    failure == nil && sink.window.hasRoom(besides: rule.batchesInFlight, bytes: rule.bytesInFlight)
  }

  /// Hands over what it is time for. Transactions go whole, unless one alone fills a batch: a stop in the middle of one would
  /// deliver what could not be confirmed.
  mutating func handOver(_ pipeline: inout Pipeline, after supply: FrameSupply) {
    if pipeline.isBatchFull {
      gathering.end()
      let isOneTransaction = !pipeline.hasCompleteEvents
      if hasRoom(pipeline.confirm) {
        submit(isOneTransaction ? pipeline.takeBatch() : pipeline.takeCompleteBatch(), &pipeline)
      }
    } else if gathering.isOver(supply, hasCompleteEvents: pipeline.hasCompleteEvents),
      pipeline.confirm.batchesInFlight < sink.window.partialBatches, hasRoom(pipeline.confirm)
    {
      submit(pipeline.takeCompleteBatch(), &pipeline)
    }
  }

  /// Hands over everything that there is room for.
  mutating func handOverAll(_ pipeline: inout Pipeline) {
    if !pipeline.batch.events.isEmpty, hasRoom(pipeline.confirm) { submit(pipeline.takeBatch(), &pipeline) }
    passOnRecognised(&pipeline)
  }

  private mutating func submit(_ batch: EventBatch, _ pipeline: inout Pipeline) {
    let number = pipeline.confirm.submit(bytes: batch.bytes.count)
    batches.append(batch)
    pipeline.tally?.submit()
    if cleanUp != nil, !pipeline.recognised.isEmpty { beside[number] = pipeline.takeRecognised() }
    mailbox.submit(batch, number, to: sink)
    collect(&pipeline)
  }

  /// Takes the sink's answers. A batch that is said to be done twice is done once.
  mutating func collect(_ pipeline: inout Pipeline) {
    for answer in mailbox.take() {
      if let error = answer.failure {
        failure = failure ?? error
      } else if pipeline.confirm.finish(answer.number), let batch = batches[answer.number - firstNumber].take() {
        deliveredEvents += batch.events.count
        deliveredBytes += batch.bytes.count
        pipeline.tally?.finish(batch)
        if let cleanUp, !cleanUp.take(batch, beside.removeValue(forKey: answer.number), answer.number) {
          pipeline.confirm.clean(answer.number)
        }
        pipeline.recycle(batch)
      }
    }
    if let cleanUp { for number in cleanUp.takeDone() { pipeline.confirm.clean(number) } }
    let first = firstNumber
    while let next = batches.first, next == nil {
      batches.removeFirst()
      firstNumber += 1
    }
    pipeline.tally?.settle(firstNumber - first)
  }

  /// Cleans up rows that have come again, where no event waits that would take them along: for the confirmation they are a batch
  /// that is durable already.
  mutating func passOnRecognised(_ pipeline: inout Pipeline) {
    guard let cleanUp, !pipeline.recognised.isEmpty, pipeline.batch.events.isEmpty else { return }
    let number = pipeline.confirm.submit(bytes: 0)
    batches.append(nil)
    pipeline.tally?.submit()
    if !cleanUp.take(EventBatch(), pipeline.takeRecognised(), number) { pipeline.confirm.clean(number) }
    _ = pipeline.confirm.finish(number)
    collect(&pipeline)
  }

  private var sink: any Sink { gate.sink }

  func reopen() { sink.reopen() }

  /// The sink starts nothing more; what it has not answered by then will not count.
  func close() {
    gate.close()
    cleanUp?.close()
  }
}

/// When to hand over what has gathered: while more is on its way, large batches are cheaper, but nothing waits long.
private struct Gathering {
  private static let longest: Duration = .milliseconds(10)

  /// Since when a batch has been growing under a backlog.
  private var since: ContinuousClock.Instant?

  /// Whether it is time, after the source has given what it had.
  mutating func isOver(_ supply: FrameSupply, hasCompleteEvents: Bool) -> Bool {
    if case .paced = supply, hasCompleteEvents {
      let now = ContinuousClock.now
      let start = since ?? now
      since = start
      guard now - start > Self.longest else { return false }
    }
    since = nil
    return hasCompleteEvents
  }

  /// A batch was full.
  mutating func end() { since = nil }
}

/// The sink's answers, which come on whatever thread.
final class Mailbox: Sendable {
  /// What became of a batch.
  struct Answer: Sendable {
    let number: Int
    let failure: Failure?
  }

  private struct State {
    var answers: [Answer] = []
    /// The relay is submitting, and looks here when it has.
    var isSubmitting = false
  }

  private let state = Mutex(State())
  private let wakeup: Wakeup

  init(_ wakeup: Wakeup) {
    self.wakeup = wakeup
  }

  /// Gives a batch to a sink; its answer comes here, perhaps at once.
  func submit(_ batch: EventBatch, _ number: Int, to sink: any Sink) {
    state.withLock { $0.isSubmitting = true }
    sink.submit(batch) { failure in self.post(Answer(number: number, failure: failure)) }
    state.withLock { $0.isSubmitting = false }
  }

  /// Takes an answer in and wakes who waits for it.
  func post(_ answer: Answer) {
    let mustWake = state.withLock { state in
      state.answers.append(answer)
      return !state.isSubmitting
    }
    if mustWake { wakeup.signal() }
  }

  /// The answers since the last call.
  func take() -> [Answer] {
    state.withLock { state in
      if state.answers.isEmpty { return [] }
      defer { state.answers.removeAll(keepingCapacity: true) }
      return state.answers
    }
  }
}
