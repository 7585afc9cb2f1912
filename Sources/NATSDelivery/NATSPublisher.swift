// SPDX-License-Identifier: Apache-2.0

import Connections
public import Delivery
import Octets
public import PostgresWire
import Synchronization

/// Publishes to streams of NATS JetStream: an event counts as published when a stream answers that it has stored it, or had it
/// already.
///
/// Of a key one event is on the way at a time, keys side by side.
public final class NATSPublisher: Publisher {
  /// What is known of the streams.
  private struct Found {
    var isMade: Bool
    /// The last session over which they were looked at, and whether that is still under way.
    var lookedOver: NATSSession.Standing?
    var isLooking = false
    var doubt: String?
  }

  private let configuration: NATSConfiguration
  private let address: NATSAddress
  private let writer: MessageWriter
  private let pattern: SubjectPattern
  private let link: NATSLink
  private let found: Mutex<Found>
  /// What to do where no stream takes the subjects.
  private let advice: Wording

  /// How long an attempt waits for what is to be known of the streams: no longer than that matters to anybody.
  private static let looks = 20
  private static let lookPause: Duration = .milliseconds(50)

  /// Makes a publisher: reads credentials and certificates. Nothing is sent before there are events.
  public convenience init(_ configuration: NATSConfiguration) throws(Failure) {
    try self.init(configuration, SubjectPattern(configuration.route), NATSTrouble.advice(configuration))
  }

  /// Makes one.
  ///
  /// - Parameters:
  ///   - pattern: the subjects that a stream has to take.
  ///   - advice: what to do where none takes them.
  init(_ configuration: NATSConfiguration, _ pattern: SubjectPattern, _ advice: Wording) throws(Failure) {
    do { address = try NATSAddress(configuration.address) } catch { throw .setting("sink", Wording("\(error)")) }
    self.configuration = configuration
    try Self.check(configuration)
    try EventLoops.prepare()
    writer = MessageWriter(configuration)
    (self.pattern, self.advice) = (pattern, advice)
    link = try NATSLink(configuration, address, advice)
    found = Mutex(Found(isMade: configuration.createdStream == nil))
  }

  /// Refuses what cannot work, before any file is read.
  package static func check(_ configuration: NATSConfiguration) throws(Failure) {
    let address: NATSAddress
    do { address = try NATSAddress(configuration.address) } catch { throw .setting("sink", Wording("\(error)")) }
    if let problem = SubjectPattern.problem(of: configuration.route) { throw .setting("sink.route", Wording(problem)) }
    if let name = configuration.createdStream, !StreamDesk.isName(name) {
      throw .setting(
        "sink.nats-create-stream",
        "1 to 255 visible characters of ASCII, without dots, slashes, quotation marks and wildcards")
    }
    guard SubjectPattern.problem(of: Route(literal: configuration.inboxPrefix)) == nil,
      configuration.inboxPrefix.utf8.count <= 64
    else { throw .setting("sink.nats-inbox-prefix", "tokens of a subject, at most 64 bytes") }
    guard configuration.passwordFile == nil || address.password == nil else {
      throw .setting("sink", "the address has a password; it excludes \(setting: "sink-password-file")")
    }
    let hasLogin = address.user != nil || address.password != nil || configuration.passwordFile != nil
    guard configuration.credentialsFile == nil || !hasLogin else {
      throw .setting(
        "sink.nats-credentials-file",
        "it says who we are; it excludes a user, a token and \(setting: "sink-password-file")")
    }
    guard address.password == nil || address.user != nil else {
      throw .setting("sink", "there is a password and no user: write tls://user@host")
    }
  }

  /// The address, without user and password.
  public var destination: String { address.shown }

  /// What is wrong with files.
  public var complaints: [String: String] { link.complaints }

  /// How streams keep what they are given, where that may be lost.
  public var doubt: String? { found.withLock(\.doubt) }

  /// Hands the events over and waits until each is stored or will not be.
  public func publish(_ events: [OutgoingEvent]) async -> Attempt {
    let session: NATSSession.Handle
    do throws(NATSTrouble) {
      session = try await link.session()
      try await makeStream(over: session)
    } catch {
      return Attempt(.together(error.verdict))
    }
    let isFirst = lookForDoubts(over: session)
    let written = WrittenAttempt(events, writer, stopsAtRefusal: configuration.stopsAtRefusal)
    let outcome = await session.publish(written)
    if isFirst { await waitForDoubts() }
    return Attempt(
      outcome.verdicts.allSatisfy { $0 == .published } ? .together(.published) : .each(outcome.verdicts),
      remark: outcome.remark)
  }

  /// Hands letters over for a subject.
  func publish(_ letters: [DeadLetter], to subject: String) async -> [Attempt.Verdict] {
    do throws(NATSTrouble) {
      let session = try await link.session()
      try await makeStream(over: session)
      return await session.publish(WrittenAttempt(letters, for: subject)).verdicts
    } catch {
      return [error.verdict]
    }
  }

  /// Once, before the first event: whoever deletes it later means it.
  private func makeStream(over session: NATSSession.Handle) async throws(NATSTrouble) {
    guard let name = configuration.createdStream, found.withLock({ !$0.isMade }) else { return }
    try await StreamDesk(session: session, pattern: pattern).create(name)
    found.withLock { $0.isMade = true }
  }

  /// Over each connection once: streams may be others since. Tells whether it is done now.
  private func lookForDoubts(over session: NATSSession.Handle) -> Bool {
    let isFirst = found.withLock { found in
      guard found.lookedOver !== session.standing else { return false }
      (found.lookedOver, found.isLooking) = (session.standing, true)
      return true
    }
    guard isFirst else { return false }
    let desk = StreamDesk(session: session, pattern: pattern)
    Task { [weak self] in
      let streams = try? await desk.streams()
      self?.note(streams)
    }
    return true
  }

  /// Until the streams are looked at, for a moment at most: what ends with these events would not be told else.
  private func waitForDoubts() async {
    for _ in 0..<Self.looks where found.withLock(\.isLooking) { try? await Task.sleep(for: Self.lookPause) }
  }

  /// - Parameter streams: nil where they could not be looked at.
  private func note(_ streams: [StreamDesk.Stream]?) {
    found.withLock { found in
      found.isLooking = false
      if let streams { found.doubt = streams.lazy.compactMap(\.doubt).first }
    }
  }

  /// Logs in, and looks whether a stream takes the events' subjects, as far as we may ask.
  public func check() async throws(Failure) {
    do throws(NATSTrouble) {
      let desk = StreamDesk(session: try await link.session(), pattern: pattern)
      if let name = configuration.createdStream, try await desk.isThere(name) {
        note([try await desk.stream(name)].compactMap(\.self))
        return
      }
      guard let streams = try await desk.streams() else { return }
      if let refusal = streams.lazy.compactMap(\.refusal).first { throw refusal }
      note(streams)
      if configuration.createdStream != nil {
        guard let other = streams.first else { return }
        throw NATSTrouble(
          "the stream \(other.name) has some of the subjects \(pattern.text) already", .destination,
          hint: "choose another \(setting: "route"), or leave \(setting: "nats-create-stream") out")
      }
      if streams.isEmpty { throw NATSTrouble.noStream(pattern.text, advice) }
    } catch { throw error.failure(of: destination) }
  }

  /// Looks whether there are other certificates now.
  public func renew() { link.renew() }

  /// Closes the connection.
  public func close() { link.close() }
}

/// A sink that publishes to streams of NATS.
public typealias NATSSink = KeyedSink<NATSPublisher>
