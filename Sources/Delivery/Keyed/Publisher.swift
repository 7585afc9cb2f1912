// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
public import PostgresWire

/// One way to hand events to a receiver: one attempt, and a verdict for each event. When to try, in what order and how often
/// is `KeyedSink`'s work.
public protocol Publisher: Sendable {
  /// Where events go, as it may be shown: without secrets.
  var destination: String { get }

  /// What is wrong with a file, say, although it goes on with what was there before, by what it is wrong with. Default: nothing.
  var complaints: [String: String] { get }

  /// Why what was published may be lost all the same, and what can be done, as far as the receiver has told. Default: nothing.
  var doubt: String? { get }

  /// What holds up attempts that are under way, as brokers that are away, and what can be done about it: words that stay the
  /// same while it lasts. Default: nothing.
  var obstacle: String? { get }

  /// Makes one attempt to hand over some events, in order, within a time of its own.
  ///
  /// Several attempts may be under way at once, but of one key only one. An attempt whose outcome is unknown is to be tried
  /// again: the receiver recognises an event by its id.
  func publish(_ events: [OutgoingEvent]) async -> Attempt

  /// Tells whether the receiver could be reached now, without handing anything over. Default: nothing is known against it.
  func check() async throws(Failure)

  /// Reads again what it has read from files, such as certificates: what is under way goes on as it is. Default: nothing.
  func renew()

  /// Lets go of connections, in bounded time. Called once, last; attempts that are under way may fail then.
  func close()
}

extension Publisher {
  /// Nothing is wrong.
  public var complaints: [String: String] { [:] }

  /// Nothing is known.
  public var doubt: String? { nil }

  /// Nothing is in the way.
  public var obstacle: String? { nil }

  /// Nothing is known against it.
  public func check() async throws(Failure) {}

  /// There is nothing to read again.
  public func renew() {}
}

/// An event on its way to a publisher.
public struct OutgoingEvent: Sendable {
  /// The batch that it came in, which holds its bytes.
  public let batch: EventBatch
  /// Where it lies there.
  public let event: EncodedEvent
  /// What leaves instead of the data that lies there; nil for that data.
  package var reencoded: ReencodedData?

  /// Makes one of a batch's events.
  public init(_ batch: EventBatch, _ event: EncodedEvent) {
    self.batch = batch
    self.event = event
  }

  /// The whole event as a JSON object, without a newline.
  public var line: ArraySlice<UInt8> { batch.line(of: event) }

  /// Refuses what a receiver would not take for a CloudEvent.
  package func requireIdentity() throws(UnwritableEvent) {
    guard !event.id.isEmpty, !event.type.isEmpty else {
      throw UnwritableEvent("it is no CloudEvent: it has no id, or no type")
    }
  }

  /// A piece of the event, unescaped.
  public func text(_ range: Range<Int>) -> String { batch.text(range) }

  /// Calls `body` with each attribute but the data: its name and its value, unescaped.
  public func forEachAttribute(_ body: (_ name: String, _ value: [UInt8]) -> Void) {
    event.forEachAttribute(in: batch.bytes, batch.attributes) { name, value in body(name, batch.unescaped(value)) }
  }
}

/// What came of one attempt.
public struct Attempt: Sendable {
  /// What became of an event.
  public enum Verdict: Hashable, Sendable {
    /// The receiver has stored it.
    case published
    /// It did not get there, or nobody knows: try again.
    case retry(Trouble)
    /// The receiver will never take it. Of several that share this verdict, the one to blame is looked for by halves.
    case refused(Trouble)
    /// Nothing can be published as things are set up.
    case stop(Failure)
  }

  /// Why an event was not published.
  public struct Trouble: Hashable, Sendable {
    /// In a few words; never the receiver's own.
    public let reason: String
    /// The receiver's status code, if it gave one.
    public let status: Int?
    /// Whether it is surely the receiver's, not the event's: such an attempt is not counted against the event.
    public let concernsReceiver: Bool
    /// Whether it is of where this event goes, as a queue: events that go elsewhere are not held back by it.
    public let isLocal: Bool
    /// What can be looked at, in a few words.
    public let hint: String?
    /// The longest pause before another attempt, for what may be over at any moment; nil for the usual ones.
    public let longestPause: Duration?

    /// Makes a reason.
    public init(
      _ reason: String, status: Int? = nil, concernsReceiver: Bool = false, isLocal: Bool = false,
      hint: String? = nil, longestPause: Duration? = nil
    ) {
      (self.isLocal, self.longestPause) = (isLocal, longestPause)
      self.reason = reason
      self.status = status
      self.concernsReceiver = concernsReceiver
      self.hint = hint
    }
  }

  /// For all events together, or for each.
  public enum Verdicts: Hashable, Sendable {
    case together(Verdict)
    /// As many as there were events, in their order.
    case each([Verdict])
  }

  /// What became of the events.
  public let verdicts: Verdicts
  /// How long the receiver wants to be left alone; nil if it does not say.
  public let retryAfter: Duration?
  /// Something an operator should know although it was no trouble; told once.
  public let remark: String?

  /// Makes an outcome.
  public init(_ verdicts: Verdicts, retryAfter: Duration? = nil, remark: String? = nil) {
    self.verdicts = verdicts
    self.retryAfter = retryAfter
    self.remark = remark
  }
}
