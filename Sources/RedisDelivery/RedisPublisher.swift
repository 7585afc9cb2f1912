// SPDX-License-Identifier: Apache-2.0

import Connections
public import Delivery
import IntegrationEvents
import Octets
public import PostgresWire
import Synchronization

/// Adds events to streams of Redis, one call of a script for each stream of an attempt: an event counts as published when the
/// server answers that its entry is there.
///
/// With positions as ids the events of a stream have to come one after another (see ``RedisConfiguration/lane``), and an event that comes again is
/// recognised by its own entry.
public final class RedisPublisher: Publisher {
  private let configuration: RedisConfiguration
  private let address: RedisAddress
  private let writer: EntryWriter
  private let link: RedisLink
  private let streams = Mutex(KnownStreams())

  /// Makes a publisher: reads the password and certificates. Nothing is sent before there are events.
  public init(_ configuration: RedisConfiguration) throws(Failure) {
    do { address = try RedisAddress(configuration.address) } catch { throw .setting("sink", Wording("\(error)")) }
    self.configuration = configuration
    try Self.check(configuration)
    try EventLoops.prepare()
    writer = EntryWriter(configuration)
    link = try RedisLink(configuration, address)
  }

  /// Refuses what cannot work, before any file is read.
  package static func check(_ configuration: RedisConfiguration) throws(Failure) {
    let address: RedisAddress
    do { address = try RedisAddress(configuration.address) } catch { throw .setting("sink", Wording("\(error)")) }
    if let length = configuration.maximumLength, length < 1 {
      throw .setting("sink.redis-maxlen", "at least one entry")
    }
    let hasPassword = configuration.passwordFile != nil || address.password != nil
    guard address.user == nil || hasPassword else {
      throw .setting("sink", "the address has a user and no password: give \(setting: "sink-password-file")")
    }
    guard configuration.passwordFile == nil || address.password == nil else {
      throw .setting("sink", "the address has a password; it excludes \(setting: "sink-password-file")")
    }
    guard address.isSecure || (configuration.authorityFile == nil && configuration.clientCertificate == nil) else {
      throw .setting("sink", "certificates need a rediss:// address")
    }
  }

  /// The address, without user and password.
  public var destination: String { address.shown }

  /// What is wrong with files.
  public var complaints: [String: String] { link.complaints }

  /// How the server keeps what it is given, where that may be lost.
  public var doubt: String? { link.doubt }

  /// Adds the events, and waits until each is there or will not be.
  public func publish(_ events: [OutgoingEvent]) async -> Attempt {
    do throws(RedisTrouble) {
      let session = try await link.session()
      let written = WrittenAttempt(
        events, writer, longest: session.server.longestText, held: configuration.hold)
      let positions = events.map(\.event.position)
      let (verdicts, remark) = try await publish(written, over: session) { positions[$0] }
      return Attempt(
        verdicts.allSatisfy { $0 == .published } ? .together(.published) : .each(verdicts), remark: remark)
    } catch {
      return Attempt(.together(error.verdict))
    }
  }

  /// Adds letters to a stream.
  func publish(_ letters: [DeadLetter], to stream: String) async -> [Attempt.Verdict] {
    do throws(RedisTrouble) {
      let session = try await link.session()
      return try await publish(WrittenAttempt(letters, for: stream), over: session) { letters[$0].position }.verdicts
    } catch {
      return [error.verdict]
    }
  }

  private func publish(
    _ written: WrittenAttempt, over session: RedisSession.Handle, position: (Int) -> EventPosition
  ) async throws(RedisTrouble) -> (verdicts: [Attempt.Verdict], remark: String?) {
    var verdicts = written.verdicts
    var open = written.additions
    var remark: String?
    let hasPositions = configuration.identifiers == .position
    // Whose newest entry was another than was thought is looked at and tried once more; somebody may write there all the time.
    for _ in 0..<4 where !open.isEmpty {
      var calls: [UInt8] = []
      var isAgain: [Bool] = []
      for addition in open {
        let range = hasPositions ? addition.first.map { $0...addition.last } : nil
        let known = streams.withLock { $0.send(range, to: addition.stream) }
        calls += addition.call(top: known.top, length: configuration.maximumLength, isAgain: known.isAgain)
        isAgain.append(known.isAgain)
      }
      let replies = try await session.call(calls, count: open.count)
      var again: [WrittenAttempt.Addition] = []
      for ((addition, isAgain), reply) in zip(zip(open, isAgain), replies) {
        switch try answer(reply, of: addition, session) {
        case .top(let top):
          if let failure = refusal(of: top, in: addition.stream) {
            for index in addition.events { verdicts[index] = .stop(failure) }
          } else {
            let lost = streams.withLock { $0.find(top, in: addition.stream, hasPositions: hasPositions) }
            if let lost { remark = Self.setBack(lost, top, addition.stream) }
            again.append(addition)
          }
        case .all:
          if hasPositions { streams.withLock { $0.add(upTo: addition.last, to: addition.stream) } }
          for index in addition.events { verdicts[index] = .published }
        case .error(let stored, let text):
          let trouble = RedisTrouble(answer: text, stream: addition.stream)
          if trouble.endsSession { session.end(trouble) }
          if !isAgain { streams.withLock { $0.answered(addition.stream) } }
          settle(addition, stored, trouble.verdict, &verdicts)
        case .behind(let stored, let top):
          let failure = Self.behind(position(addition.events[stored]), top, addition.stream)
          settle(addition, stored, .stop(failure), &verdicts)
        }
      }
      open = again
    }
    for addition in open { for index in addition.events { verdicts[index] = Self.disturbed.verdict } }
    return (verdicts.map { $0 ?? RedisTrouble.waits.verdict }, remark)
  }

  private func answer(
    _ reply: Reply, of addition: WrittenAttempt.Addition, _ session: RedisSession.Handle
  ) throws(RedisTrouble) -> AddingScript.Answer {
    do throws(ReplyBreach) { return try AddingScript.answer(reply, of: addition.events.count) } catch {
      let trouble = RedisTrouble(error)
      session.end(trouble)
      throw trouble
    }
  }

  /// So many are there, the next one has a verdict, and those behind it wait.
  private func settle(
    _ addition: WrittenAttempt.Addition, _ stored: Int, _ verdict: Attempt.Verdict, _ verdicts: inout [Attempt.Verdict?]
  ) {
    for (number, index) in addition.events.enumerated() {
      verdicts[index] = number < stored ? .published : number == stored ? verdict : RedisTrouble.waits.verdict
    }
  }

  // MARK: what is in the way

  /// Why nothing may be added behind such an entry; nil where that is right.
  private func refusal(of top: StreamTop, in stream: [UInt8]) -> Failure? {
    let name = String(decoding: stream, as: UTF8.self)
    guard !top.id.isEmpty else { return nil }
    switch (configuration.identifiers, top.position) {
    case (.position, nil):
      return Failure(
        .destination,
        "the stream \(name) at \(destination) has entries whose ids are no positions, the newest \(top.id)",
        advice: "choose another \(setting: "route"), rename the stream, or take \(setting: "redis-id", "auto")")
    case (.auto, .some):
      return Failure(
        .destination,
        "the stream \(name) at \(destination) has entries whose ids are positions, the newest \(top.shown)",
        advice: "choose another \(setting: "route"): other ids would keep later positions out")
    case (.position, .some), (.auto, nil): return nil
    }
  }

  private static func behind(_ position: EventPosition, _ top: StreamTop, _ stream: [UInt8]) -> Failure {
    Failure(
      .wrongStream,
      "the stream \(String(decoding: stream, as: UTF8.self)), whose newest entry is \(top.shown), does not take the event at \(position.sequence): its place is another entry's, or was passed",
      advice:
        "another source writes there, its entries were deleted, or the database was set back: rename the stream, or choose another \(setting: "route")"
    )
  }

  private static func setBack(_ lost: EventPosition, _ top: StreamTop, _ stream: [UInt8]) -> String {
    "the stream \(ForeignText(String(decoding: stream, as: UTF8.self)).shortened()) had an entry at \(lost.sequence) and knows nothing of it any more, its newest is \(top.shown): it was deleted or renamed, or the server has lost what it had answered for; it goes on behind what is there; `tailrace redeliver` delivers what is missing"
  }

  private static let disturbed = RedisTrouble(
    "somebody else writes to the stream all the time", .destination, isLocal: true,
    hint: "nobody else can write to a stream whose ids are positions")

  // MARK: looking

  /// Logs in, and looks whether scripts may be run, and at the stream where there is one for all events.
  public func check() async throws(Failure) {
    let stream = configuration.route.literal.map { Array($0.utf8) }
    let refused: Failure?
    do throws(RedisTrouble) {
      let session = try await link.session()
      guard let stream else {
        let replies = try await session.call([UInt8].command(["EVAL", "return 0", "0"]), count: 1)
        if case .error(let text) = replies.first { throw RedisTrouble(answer: text) }
        return
      }
      refused = try await look(at: stream, over: session)
    } catch {
      throw error.failure(of: destination)
    }
    if let refused { throw refused }
  }

  /// Why nothing may be added to a stream as it is.
  private func look(at stream: [UInt8], over session: RedisSession.Handle) async throws(RedisTrouble) -> Failure? {
    let addition = WrittenAttempt.Addition.looking(at: stream)
    let replies = try await session.call(addition.call(top: "", length: nil), count: 1)
    guard let reply = replies.first else { return nil }
    switch try answer(reply, of: addition, session) {
    case .all, .behind: return nil
    case .error(_, let text): throw RedisTrouble(answer: text, stream: stream)
    case .top(let top): return refusal(of: top, in: stream)
    }
  }

  /// Looks whether there are other certificates now.
  public func renew() { link.renew() }

  /// Closes the connection.
  public func close() { link.close() }
}

/// A sink that adds to streams of Redis.
public typealias RedisSink = KeyedSink<RedisPublisher>
