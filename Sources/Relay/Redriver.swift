// SPDX-License-Identifier: Apache-2.0

public import Delivery
public import IntegrationEvents
public import Logging
public import PostgresWire

/// Delivers dead letters again: those of one aggregate by their positions, others side by side.
public struct Redriver {
  /// What came of it.
  public struct Result: Hashable, Sendable {
    /// Delivered and removed.
    public let delivered: Int
    /// Chosen, but still there; nil when a stop was asked for and what was under way did not arrive in time.
    public let left: Int?
    /// How many of those that are left must not leave, as the payload hook says.
    public package(set) var refused = 0
    /// Why the first of these must not.
    public package(set) var refusal: Wording?
  }

  private let store: any DeadLetterStore
  private let control: RunControl
  private let log: RelayLog
  private let drainTimeout: Duration
  private let patience: Patience
  private let payloadHook: (any PayloadHook)?
  private let makeSink: (DeadLetterOffice) throws(Failure) -> any Sink

  /// Makes a redriver.
  ///
  /// - Parameters:
  ///   - store: where the letters are.
  ///   - control: a stop ends it.
  ///   - drainTimeout: how long a stop waits for the letters that are under way.
  ///   - log: where deliveries that fail are logged, at `debug`, unless `tell` hears of them.
  ///   - payloadHook: asked of each event whether it may leave, and what `dataschema` says of one that has none; what else
  ///     it would put in the payload's place is not, since that was done before.
  ///   - tell: told of deliveries that fail.
  ///   - onWait: told each time a store that cannot do its work now will be tried again.
  ///   - makeSink: makes the sink; what it is refused must go to the office that it is given.
  public init(
    _ store: any DeadLetterStore, _ control: RunControl, drainTimeout: Duration = .seconds(30),
    payloadHook: (any PayloadHook)? = nil, log: Logger,
    tell: (@Sendable (Notice) -> Void)? = nil,
    onWait: @escaping @Sendable (Failure) -> Void = { _ in },
    sink makeSink: @escaping (DeadLetterOffice) throws(Failure) -> any Sink
  ) {
    self.store = store
    self.control = control
    self.log = RelayLog(logger: log, tell: tell)
    self.drainTimeout = drainTimeout
    patience = Patience(isCancelled: { control.isStopRequested(since: drainTimeout) }, onWait: onWait)
    self.payloadHook = payloadHook
    self.makeSink = makeSink
  }

  /// Delivers the letters that match, until none is left, all that are left were refused, or a stop is asked for.
  ///
  /// A running stream may park more events behind these; they are taken too, so that no key stays half parked.
  public func run(_ query: LetterQuery) throws(Failure) -> Result {
    // What could not be removed would come again and again.
    try patience.perform { () throws(Failure) in try store.checkRemoval() }
    let refused = RefusedLetters()
    let sink = try makeSink(DeadLetterOffice(refused, parksKeys: true))
    defer { sink.close() }
    var way = RedriveWay(
      sink, refused, control, DeliveryWatch(log, tellsLetters: false), payloadHook.map(LetterCheck.init))
    defer { if let words = payloadHook?.closingWords() { log.warning("\(words)") } }
    do throws(Failure) {
      return try run(query, &way)
    } catch {
      // What has arrived goes, whatever else went wrong.
      try? store.remove(way.takeGone(all: true))
      throw error
    }
  }

  private func run(_ query: LetterQuery, _ way: inout RedriveWay) throws(Failure) -> Result {
    var left = 0
    repeat {
      let before = way.delivered
      left = try pass(query, &way)
      if way.delivered == before { break }
    } while !control.isStopRequested
    guard try drain(&way) else { return Result(delivered: way.delivered, left: nil) }
    try patience.perform { () throws(Failure) in try store.tidy() }
    if control.isStopRequested { left = try count(query) }
    return Result(
      delivered: way.delivered, left: left, refused: way.check?.refused ?? 0, refusal: way.check?.refusal)
  }

  /// Goes through the letters once; gives how many are left.
  private func pass(_ query: LetterQuery, _ way: inout RedriveWay) throws(Failure) -> Int {
    var (mark, left): (LetterMark?, Int) = (nil, 0)
    var last: DeadLetter.Identity?
    (way.stayed, way.isEnding) = (0, false)
    way.check?.begin()
    repeat {
      let page = try patience.perform { () throws(Failure) in
        try store.letters(matching: query, after: mark, limit: RedriveWay.pageSize)
      }
      for letter in page.letters where !control.isStopRequested {
        // One that is there twice goes or stays with the first.
        if letter.identity == last {
          try settle(&way)
          way.isEnding = false
          if way.lastStayed { left += 1 } else { way.alsoGone(letter) }
          continue
        }
        guard letter.isEvent else {
          left += 1
          continue
        }
        last = letter.identity
        way.add(letter)
        while way.isFull, !control.isStopRequested { try turn(&way) }
      }
      mark = page.next
    } while mark != nil && !control.isStopRequested
    if !control.isStopRequested { try settle(&way) }
    return left + way.stayed
  }

  /// Waits for something to arrive, and removes what has.
  private func turn(_ way: inout RedriveWay) throws(Failure) {
    let failure = way.wait()
    let gone = way.takeGone(all: failure != nil || way.isEnding && way.isIdle)
    if !gone.isEmpty { try patience.perform { () throws(Failure) in try store.remove(gone) } }
    guard let failure else { return }
    guard failure.kind == .readerGone else { throw failure }
    throw Failure(.readerGone, "\(failure.what) before all dead letters were written; those that were not are left")
  }

  /// Waits until everything has arrived.
  private func settle(_ way: inout RedriveWay) throws(Failure) {
    way.isEnding = true
    while !way.isSettled, !control.isStopRequested { try turn(&way) }
  }

  /// Waits for what is under way; false when that was given up after a stop.
  private func drain(_ way: inout RedriveWay) throws(Failure) -> Bool {
    way.stop()
    while !way.isSettled {
      if control.isStopRequested(since: drainTimeout), !way.isIdle { return false }
      try turn(&way)
    }
    return true
  }

  private func count(_ query: LetterQuery) throws(Failure) -> Int {
    var count = 0
    try store.forEachPage(matching: query) { (letters) throws(Failure) in count += letters.count }
    return count
  }
}
