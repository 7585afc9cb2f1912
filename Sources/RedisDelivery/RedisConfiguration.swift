// SPDX-License-Identifier: Apache-2.0

public import Delivery

/// How to add events to streams of Redis, or of another server that has them.
public struct RedisConfiguration: Hashable, Sendable {
  /// What an entry's id is.
  public enum Identifiers: String, CaseIterable, Hashable, Sendable {
    /// The event's position: nothing is there twice within one history of a stream.
    case position
    /// The server's own, as everybody else's: at least once, for streams that others write too.
    case auto
  }

  /// `redis://` or `rediss://`, user, host with port, and number of the database.
  public var address: String
  /// The stream. Default: `outbox.event.{aggregatetype}`.
  public var route = RedisConfiguration.defaultRoute
  /// How events are written. Default: binary.
  public var mode = BindingMode.binary
  /// What an entry's id is. Default: the position.
  public var identifiers = Identifiers.position
  /// About how many entries a stream keeps; nil for all.
  public var maximumLength: Int?
  /// Whether what comes behind a refused event must not be stored: where that ends the relay, or parks its key.
  public var stopsAtRefusal = true
  /// A file with the user's password, read at each connection.
  public var passwordFile: String?
  /// A file of certificate authorities to trust instead of the system's.
  public var authorityFile: String?
  /// A client certificate and its key.
  public var clientCertificate: CertificateFiles?
  /// How long connecting may take, and then logging in. Default: 10 s.
  public var connectTimeout: Duration = .seconds(10)
  /// How long an answer may take. Default: 60 s.
  public var answerTimeout: Duration = .seconds(60)

  /// What kind of thing it is about.
  public static let defaultRoute = Route("outbox.event.", then: "aggregatetype")

  /// Makes a configuration for a server.
  public init(address: String) { self.address = address }

  /// What keeps its order: a stream as a whole where ids have one, or else each key.
  public var lane: Route? { identifiers == .position ? route : nil }
}

extension RedisConfiguration {
  /// The stream of an event; throws where no entry can hold the event.
  package func stream(of outgoing: OutgoingEvent) throws(UnwritableEvent) -> String {
    var bytes: [UInt8] = []
    let writer = EntryWriter(self)
    let stream = try writer.stream(of: outgoing)
    _ = try writer.append(outgoing, to: &bytes, longest: .max)
    return String(decoding: stream, as: UTF8.self)
  }
}
