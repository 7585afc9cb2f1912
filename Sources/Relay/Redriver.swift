import IntegrationEvents
public import PostgresWire
public import Sinks

/// Delivers dead letters again, oldest first.
public struct Redriver {
  /// What came of it.
  public struct Result: Hashable, Sendable {
    /// Delivered and removed.
    public let delivered: Int
    /// Chosen, but still there.
    public let left: Int
  }

  private static let removedAtOnce = 10

  private let store: any DeadLetterStore
  private let control: RunControl
  private let makeSink: () throws -> any Sink

  /// Makes a redriver; its sinks must stop, not make dead letters, when they are refused. One that has stopped takes
  /// nothing more, so a new one is made then.
  public init(_ store: any DeadLetterStore, _ control: RunControl, sink makeSink: @escaping () throws -> any Sink) {
    self.store = store
    self.control = control
    self.makeSink = makeSink
  }

  /// Delivers the letters that are chosen, until none is left, all that are left were refused, or a stop is asked for.
  ///
  /// A running stream may park more events behind these; they are taken too, so that no key stays half parked.
  public func run(_ isChosen: (DeadLetter) -> Bool) throws -> Result {
    var sink = try makeSink()
    var delivered = 0
    var stuckKeys: Set<String> = []
    var stuck: [DeadLetter] = []
    while !control.isStopRequested {
      let letters = try store.letters().filter { letter in
        isChosen(letter) && letter.isEvent && !stuckKeys.contains(letter.key)
          && !stuck.contains { $0.isAbout(letter) }
      }
      guard !letters.isEmpty else { break }
      // A store may read or write everything each time, so letters go some at a time.
      var gone: [DeadLetter] = []
      var failure: SinkError?
      for letter in letters where !stuckKeys.contains(letter.key) && !gone.contains(where: { $0.isAbout(letter) }) {
        if control.isStopRequested || gone.count == Self.removedAtOnce { break }
        failure = deliver(letter, to: sink)
        guard let refusal = failure else {
          gone.append(letter)
          continue
        }
        guard refusal.kind == .refused else { break }
        failure = nil
        sink = try makeSink()
        stuck.append(letter)
        if !letter.key.isEmpty { stuckKeys.insert(letter.key) }
      }
      if !gone.isEmpty { try store.remove(gone) }
      delivered += gone.count
      if let failure { throw failure }
    }
    return Result(delivered: delivered, left: try store.letters().filter(isChosen).count)
  }

  /// Waits for one delivery; nil when it is durable.
  private func deliver(_ letter: DeadLetter, to sink: any Sink) -> SinkError? {
    var batch = EventBatch()
    batch.append(letter)
    let deliveries = Deliveries(sink, control.wakeup)
    deliveries.start(0, batch)
    while true {
      if let answer = deliveries.take().first { return answer.failure }
      control.wait(for: nil, atMost: nil)
    }
  }
}
