// SPDX-License-Identifier: Apache-2.0

package import Delivery
import Dispatch
public import IntegrationEvents
public import Logging
public import PostgresWire
import Synchronization

/// The next events of a stream, or why a row would be none, by the relay that would deliver them; nothing is delivered.
///
/// What the relay confirms goes to the source, which must be one that keeps no position: a copy of a slot, or a recording.
public struct Peek: Sendable {
  /// One row or message.
  public enum Item: Sendable {
    /// It would be this event, and go this way there; nil where all go one.
    case event(EventPosition, id: String, type: String, key: String, route: String?, line: String)
    /// It would go nowhere, for this reason; the event or the row as a dead letter would have it. Of a row, id and type are
    /// empty.
    case refused(EventPosition, id: String, type: String, key: String, reason: String, row: String)

    /// Where it stands in the log.
    public var position: EventPosition {
      switch self {
      case .event(let position, _, _, _, _, _): position
      case .refused(let position, _, _, _, _, _): position
      }
    }
  }

  /// Which way an event goes at a broker; nil where all go one.
  package typealias Routing = @Sendable (OutgoingEvent) throws(UnwritableEvent) -> String?

  private let configuration: RelayConfiguration
  private let routing: Routing
  private let count: Int
  private let control: RunControl
  private let log: Logger

  /// Makes one.
  ///
  /// - Parameters:
  ///   - configuration: how rows become events.
  ///   - count: how many items are wanted.
  ///   - control: how to stop it from another thread.
  ///   - log: for developers, at `debug` and `trace`.
  public init(_ configuration: RelayConfiguration, count: Int, control: RunControl = RunControl(), log: Logger) {
    self.init(configuration, routing: { _ in nil }, count: count, control: control, log: log)
  }

  /// Makes one that also says which way each event would go, or that a broker's messages cannot hold it.
  package init(
    _ configuration: RelayConfiguration, routing: @escaping Routing, count: Int, control: RunControl, log: Logger
  ) {
    self.routing = routing
    var configuration = configuration
    configuration.envelope = .cloudevents
    configuration.retries = false
    configuration.canReopen = false
    configuration.checkpoint = nil
    (self.configuration, self.count, self.control, self.log) = (configuration, count, control, log)
  }

  /// Collects the items, in their order: as many as are wanted, or as there are. With a failure, those before it.
  ///
  /// - Parameters:
  ///   - held: the newest event that the output has already: those up to it would not be delivered.
  ///   - open: opens what is read.
  public func run<Source: FrameSource & ~Copyable>(
    behind held: EventPosition? = nil, open: (Relay.Request) throws(Failure) -> Source
  ) -> (items: [Item], failure: Failure?) {
    let collection = Collection(count, control)
    let office = DeadLetterOffice(collection, parksKeys: false, retries: false)
    var relay = Relay(configuration, deadLetters: office, control: control, log: log)
    let end = PeekedSource<Source>.End()
    var failure: Failure?
    do throws(Failure) {
      _ = try relay.run(
        open: { (request) throws(Failure) in PeekedSource(try open(request), end, control) },
        sink: { _ in PeekSink(held, collection, routing) })
    } catch {
      failure = error
    }
    // It does one thing after another: what is on its way there comes before this.
    let settled = DispatchSemaphore(value: 0)
    office.refresh { _ in settled.signal() }
    settled.wait()
    let items = collection.sorted
    return (items, items.count < count ? end.failure ?? failure : nil)
  }

  /// What has been seen so far. Bad rows come ahead of events: those of a transaction that is still being read, or that gather
  /// for a batch, are yet to come.
  fileprivate final class Collection: DeadLetterStore {
    private struct State {
      var items: [Item] = []
      /// How many bad rows there are: more than are wanted are of no use, since they come in their order.
      var refused = 0
      /// Up to where all that is to come has come.
      var whole: EventPosition?
    }

    private let state = Mutex(State())
    private let limit: Int
    private let control: RunControl

    init(_ limit: Int, _ control: RunControl) { (self.limit, self.control) = (limit, control) }

    var sorted: [Item] {
      state.withLock { Array($0.items.sorted { $0.position < $1.position }.prefix(limit)) }
    }

    func add(_ new: [Item]) {
      let isEnough = state.withLock { state in
        state.items += new
        if let last = new.last { state.whole = max(state.whole ?? last.position, last.position) }
        return hasEnough(state)
      }
      if isEnough { control.stop() }
    }

    func append(_ letters: [DeadLetter]) throws(Failure) {
      let isEnough = state.withLock { state in
        let room = max(0, limit - state.refused)
        state.items += letters.prefix(room).map { letter in
          .refused(
            letter.position, id: letter.id, type: letter.type, key: letter.key, reason: letter.reason,
            row: letter.event)
        }
        state.refused += letters.count
        // Behind a bad row of a later transaction comes nothing of an earlier one, but for what a stop hands over.
        if let last = letters.last {
          let start = EventPosition(commitLSN: last.position.commitLSN, ordinal: 0)
          state.whole = max(state.whole ?? start, start)
        }
        return hasEnough(state)
      }
      if isEnough { control.stop() }
    }

    private func hasEnough(_ state: State) -> Bool {
      guard let whole = state.whole else { return false }
      return state.items.count { $0.position <= whole } >= limit
    }

    func appendBehindOthers(_ letter: DeadLetter) throws(Failure) -> Parking { .free }

    func letters(matching query: LetterQuery, after mark: LetterMark?, limit: Int) throws(Failure) -> LetterPage {
      LetterPage(letters: [], next: nil)
    }

    func remove(_ letters: [DeadLetter]) throws(Failure) {}
  }
}

/// Takes events and says that they are done; the source forgets that.
private final class PeekSink: Sink {
  let resumePosition: EventPosition?
  private let collection: Peek.Collection
  private let routing: Peek.Routing

  init(_ held: EventPosition?, _ collection: Peek.Collection, _ routing: @escaping Peek.Routing) {
    (resumePosition, self.collection, self.routing) = (held, collection, routing)
  }

  func submit(_ batch: EventBatch, done: @escaping Done) {
    collection.add(
      batch.events.map { event in
        let line = String(decoding: batch.line(of: event), as: UTF8.self)
        do throws(UnwritableEvent) {
          return .event(
            event.position, id: batch.text(event.id), type: batch.text(event.type), key: batch.text(event.key),
            route: try routing(OutgoingEvent(batch, event)), line: line)
        } catch {
          return .refused(
            event.position, id: batch.text(event.id), type: batch.text(event.type), key: batch.text(event.key),
            reason: error.reason, row: line)
        }
      })
    done(nil)
  }

  func close() {}
}
