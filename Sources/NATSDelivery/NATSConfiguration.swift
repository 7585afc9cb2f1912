// SPDX-License-Identifier: Apache-2.0

public import Delivery

/// How to publish to streams of NATS JetStream.
public struct NATSConfiguration: Hashable, Sendable {
  /// `nats://` or `tls://`, user and password or a token, and hosts with ports.
  public var address: String
  /// The subject. Default: `outbox.event.{aggregatetype}.{aggregateid}`.
  public var route = NATSConfiguration.defaultRoute
  /// How events are written. Default: binary.
  public var mode = BindingMode.binary
  /// A stream to make for the route's subjects where it is not there; nil, the default, for none.
  public var createdStream: String?
  /// What subjects of answers begin with, for users that may not listen to all. Default: `_INBOX`.
  public var inboxPrefix = "_INBOX"
  /// Whether the events of a key that come behind a refused one must not be stored: where that ends the relay, or parks its key.
  public var stopsAtRefusal = true
  /// A file with the user's password, or with a token where the address has no user; read at each connection.
  public var passwordFile: String?
  /// A file with a user's JWT and the seed of its NKey, or with a seed alone; read at each connection.
  public var credentialsFile: String?
  /// A file of certificate authorities to trust instead of the system's.
  public var authorityFile: String?
  /// A client certificate and its key.
  public var clientCertificate: CertificateFiles?
  /// How long connecting may take, and then logging in. Default: 10 s.
  public var connectTimeout: Duration = .seconds(10)
  /// How long an answer may take. Default: 30 s.
  public var answerTimeout: Duration = .seconds(30)

  /// What kind of thing it is about, and which one.
  public static let defaultRoute = Route("outbox.event.", ["aggregatetype", "aggregateid"], joinedBy: ".")

  /// Makes a configuration for a server.
  public init(address: String) { self.address = address }

  /// Whether nothing may be sent before TLS is spoken: who names whom to trust wants no other way.
  package func needsTLS(_ address: NATSAddress) -> Bool {
    address.isSecure || authorityFile != nil || clientCertificate != nil
  }
}

extension NATSConfiguration {
  /// The subjects that events go to, with wildcards for what events fill in.
  package var subjects: String { SubjectPattern(route).text }

  /// The subject of an event; throws where no message can hold the event.
  package func subject(of outgoing: OutgoingEvent) throws(UnwritableEvent) -> String {
    var bytes: [UInt8] = []
    let message = try MessageWriter(self).append(outgoing, to: &bytes)
    return String(decoding: bytes[message.subject], as: UTF8.self)
  }
}
