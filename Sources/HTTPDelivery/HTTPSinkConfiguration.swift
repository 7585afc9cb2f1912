/// How an HTTP sink works.
public struct HTTPSinkConfiguration: Sendable {
  /// How events are put into requests. Source: CloudEvents HTTP Protocol Binding, section 3.
  public enum Mode: String, CaseIterable, Sendable {
    /// One event a request, whole in the body.
    case structured
    /// One event a request, its attributes in headers and its data in the body.
    case binary
    /// Several events a request, as a JSON array.
    case batch
  }

  /// Where to post.
  public var url: String
  /// How events are put into requests. Default: structured.
  public var mode = Mode.structured
  /// The most requests at once; how many there really are follows the receiver. Default: 64.
  public var maximumInFlight = 64
  /// The most events in a batch. Default: 100.
  public var batchSize = 100
  /// The most bytes in a batch. Default: 1 MiB.
  public var batchBytes = 1 << 20
  /// How long a batch that is not full may wait for more. Default: 5 ms.
  public var batchLinger: Duration = .milliseconds(5)
  /// How long connecting may take. Default: 10 s.
  public var connectTimeout: Duration = .seconds(10)
  /// How long sending may stand still. Default: 30 s.
  public var writeTimeout: Duration = .seconds(30)
  /// How long an answer may be silent. Default: 30 s.
  public var responseTimeout: Duration = .seconds(30)
  /// How long a request may take as a whole. Default: 60 s.
  public var totalTimeout: Duration = .seconds(60)
  /// Which answers are tried again, and for how long.
  public var retry = RetryPolicy()
  /// Whether to compress bodies. Default: no.
  public var compresses = false
  /// Whether to send the event's id as `Idempotency-Key`. Default: no.
  public var sendsIdempotencyKey = false
  /// What proves to the receiver who we are.
  public var credentials = HTTPCredentials()
  /// A file of certificate authorities to trust instead of the system's.
  public var authorityFile: String?
  /// A client certificate and its key.
  public var clientCertificate: (certificate: String, key: String)?

  /// Makes a configuration with the defaults.
  public init(url: String) {
    self.url = url
  }
}
