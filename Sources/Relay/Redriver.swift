public import Delivery
import IntegrationEvents
public import PostgresWire

/// Delivers dead letters again, oldest first.
public struct Redriver {
  /// What came of it.
  public struct Result: Hashable, Sendable {
    /// Delivered and removed.
    public let delivered: Int
    /// Chosen, but still there.
    public let left: Int
  }

  /// A store may read or write everything each time, so letters go some at a time; as many may come again after a kill.
  private static let removedAtOnce = 10
  private static let pageSize = 100
  /// How long a stop waits for the letter that is under way.
  private static let patience: Duration = .seconds(10)

  private let store: any DeadLetterStore
  private let control: RunControl
  private let makeSink: () throws(Failure) -> any Sink
  /// Keys whose later letters stay behind one that was refused.
  private var stuckKeys: Set<String> = []
  /// Letters that were refused, which stay.
  private var stuck: Set<EventPosition> = []
  private var delivered = 0
  private var delivering: [DeadLetter] = []
  private var left = 0

  /// Makes a redriver; its sinks must stop, not make dead letters, when they are refused. One that has stopped takes
  /// nothing more, so a new one is made then.
  public init(
    _ store: any DeadLetterStore, _ control: RunControl, sink makeSink: @escaping () throws(Failure) -> any Sink
  ) {
    self.store = store
    self.control = control
    self.makeSink = makeSink
  }

  /// Delivers the letters that match, until none is left, all that are left were refused, or a stop is asked for.
  ///
  /// A running stream may park more events behind these; they are taken too, so that no key stays half parked.
  public mutating func run(_ query: LetterQuery) throws(Failure) -> Result {
    var sink = try makeSink()
    defer { sink.close() }
    var mark: LetterMark?
    while !control.isStopRequested {
      let page = try store.letters(matching: query, after: mark, limit: Self.pageSize)
      if page.letters.isEmpty { break }
      var rest = page.letters[...]
      // Letters may be there twice; the other one goes with the first.
      delivering = []
      var hasRemoved = false
      while !rest.isEmpty, !control.isStopRequested {
        let gone = try deliver(&rest, to: &sink)
        if !gone.isEmpty { try store.remove(gone) }
        hasRemoved = hasRemoved || !gone.isEmpty
      }
      // A mark does not outlive a removal; what was refused is met again and passed over.
      mark = hasRemoved ? nil : page.next
      if hasRemoved { left = 0 }
      if mark == nil, !hasRemoved { break }
    }
    if control.isStopRequested { try countLeft(query) }
    return Result(delivered: delivered, left: left)
  }

  private mutating func countLeft(_ query: LetterQuery) throws(Failure) {
    left = 0
    try store.forEachPage(matching: query) { (letters) throws(Failure) in left += letters.count }
  }

  /// Delivers letters one after another, at most so many as are removed at once; gives those that are delivered.
  private mutating func deliver(
    _ letters: inout ArraySlice<DeadLetter>, to sink: inout any Sink
  ) throws(Failure) -> [DeadLetter] {
    var gone: [DeadLetter] = []
    while let letter = letters.popFirst() {
      if delivering.contains(where: { $0.isAbout(letter) }) { continue }
      if !letter.isEvent || stuckKeys.contains(letter.key) || stuck.contains(letter.position) {
        left += 1
        continue
      }
      if let failure = deliver(letter, to: sink) {
        if failure.kind == .closed, control.isStopRequested { return gone }
        guard failure.kind == .refused else {
          if !gone.isEmpty { try store.remove(gone) }
          throw failure
        }
        sink.close()
        do throws(Failure) { sink = try makeSink() } catch {
          if !gone.isEmpty { try store.remove(gone) }
          throw error
        }
        stuck.insert(letter.position)
        if !letter.key.isEmpty { stuckKeys.insert(letter.key) }
        left += 1
      } else {
        gone.append(letter)
        delivering.append(letter)
        delivered += 1
        if gone.count == Self.removedAtOnce || control.isStopRequested { break }
      }
    }
    return gone
  }

  /// Waits for one delivery; nil when it is durable.
  private func deliver(_ letter: DeadLetter, to sink: any Sink) -> Failure? {
    var batch = EventBatch()
    do throws(Failure) { try batch.append(letter) } catch { return error }
    let mailbox = Mailbox(control.wakeup)
    mailbox.submit(batch, 0, to: sink)
    var deadline: ContinuousClock.Instant?
    while true {
      if let answer = mailbox.take().first { return answer.failure }
      if control.isStopRequested {
        let limit = deadline ?? .now + Self.patience
        deadline = limit
        if ContinuousClock.now >= limit { sink.close() }
      }
      control.wait(for: nil, atMost: deadline == nil ? nil : .milliseconds(100))
    }
  }
}
