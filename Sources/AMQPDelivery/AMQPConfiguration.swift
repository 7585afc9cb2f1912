// SPDX-License-Identifier: Apache-2.0

public import Delivery

/// How to publish to RabbitMQ, or another broker of AMQP 0-9-1 that confirms.
public struct AMQPConfiguration: Hashable, Sendable {
  /// `amqp://` or `amqps://`, user, hosts with ports, and virtual host. Source: RabbitMQ URI Specification.
  public var address: String
  /// The exchange; empty for the default one, whose routing keys are names of queues.
  public var exchange: String
  /// The routing key. Default: `{aggregatetype}.{type}`.
  public var route = AMQPConfiguration.defaultRoute
  /// How events are written. Default: binary.
  public var mode = BindingMode.binary
  /// What stands in front of an attribute's name in a header. Default: `ce-`; what consumers of AMQP 1.0 read is `cloudEvents:`.
  public var headerPrefix = "ce-"
  /// Whether the events of a key that come behind a refused one must not be stored: where that ends the relay, or parks its key.
  public var stopsAtRefusal = true
  /// A file with the user's password, read at each connection.
  public var passwordFile: String?
  /// A file of certificate authorities to trust instead of the system's.
  public var authorityFile: String?
  /// A client certificate and its key; where the address has no user, they log in (EXTERNAL).
  public var clientCertificate: CertificateFiles?
  /// How long connecting may take, and then logging in. Default: 10 s.
  public var connectTimeout: Duration = .seconds(10)
  /// How long a confirmation may take while the broker takes events. Default: 60 s.
  public var confirmTimeout: Duration = .seconds(60)
  /// After how long of silence a connection is given up, at most. Default: 60 s.
  public var heartbeat: Duration = .seconds(60)

  /// What kind of thing it is about, and what happened.
  public static let defaultRoute = Route(["aggregatetype", "type"], joinedBy: ".")

  /// Makes a configuration for a broker's exchange.
  public init(address: String, exchange: String) {
    self.address = address
    self.exchange = exchange
  }

  /// The one queue that all events go to; nil where they go elsewhere.
  var queue: String? { exchange.isEmpty ? route.literal : nil }
}

extension AMQPConfiguration {
  /// The routing key of an event; throws where no message can hold the event.
  package func routingKey(of outgoing: OutgoingEvent) throws(UnwritableEvent) -> String {
    var bytes: [UInt8] = []
    let message = try MessageWriter(self).append(outgoing, to: &bytes, frameLimit: Int(AMQPSession.frameLimit))
    return String(decoding: bytes[message.routingKey], as: UTF8.self)
  }
}
