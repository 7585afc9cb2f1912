import IntegrationEvents
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

  private let store: any DeadLetterStore
  private let sink: any Sink
  private let control: RelayControl

  /// Makes a redriver; the sink must stop, not make dead letters, when it is refused.
  public init(_ store: any DeadLetterStore, _ sink: any Sink, _ control: RelayControl) {
    self.store = store
    self.sink = sink
    self.control = control
  }

  /// Delivers the letters that are chosen, until none is left, all that are left were refused, or a stop is asked for.
  ///
  /// A running stream may park more events behind these; they are taken too, so that no key stays half parked.
  public func run(_ isChosen: (DeadLetter) -> Bool) throws(SinkError) -> Result {
    var delivered = 0
    var stuckKeys: Set<String> = []
    var stuck: [DeadLetter] = []
    while !control.isStopRequested {
      let letters = try store.letters().filter { letter in
        isChosen(letter) && letter.isEvent && !stuckKeys.contains(letter.key)
          && !stuck.contains { $0.isAbout(letter) }
      }
      guard let letter = letters.first else { break }
      if let failure = deliver(letter) {
        guard failure.kind == .refused else { throw failure }
        stuck.append(letter)
        if !letter.key.isEmpty { stuckKeys.insert(letter.key) }
      } else {
        try store.remove([letter])
        delivered += 1
      }
    }
    return Result(delivered: delivered, left: try store.letters().filter(isChosen).count)
  }

  /// Waits for one delivery; nil when it is durable.
  private func deliver(_ letter: DeadLetter) -> SinkError? {
    var batch = EventBatch()
    batch.append(letter)
    let deliveries = Deliveries(sink, control.wakeup)
    deliveries.start(0, batch)
    while true {
      if let answer = deliveries.take().first { return answer.failure }
      control.wakeup.wait(for: nil, atMost: nil)
    }
  }
}
