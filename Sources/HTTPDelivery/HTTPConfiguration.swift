// SPDX-License-Identifier: Apache-2.0

public import Delivery
import NIOSSL

/// How events are posted.
public struct HTTPConfiguration: Hashable, Sendable {
  /// How events are put into requests. Source: CloudEvents HTTP Protocol Binding, section 3.
  public enum Mode: String, CaseIterable, Sendable {
    /// One event a request, whole in the body.
    case structured
    /// One event a request, its attributes in headers and its data in the body.
    case binary
    /// Several events a request, as a JSON array.
    case batch
  }

  /// Versions of TLS.
  public enum TLSVersion: String, CaseIterable, Sendable {
    case v1_0 = "1.0"
    case v1_1 = "1.1"
    case v1_2 = "1.2"
    case v1_3 = "1.3"

    var ofLibrary: NIOSSL.TLSVersion {
      switch self {
      case .v1_0: .tlsv1
      case .v1_1: .tlsv11
      case .v1_2: .tlsv12
      case .v1_3: .tlsv13
      }
    }
  }

  /// Where to post. A user and a password in it are used for basic authentication.
  public var url: String
  /// How events are put into requests. Default: structured.
  public var mode = Mode.structured
  /// How many connections may be kept open at once. Default: 64.
  public var maximumConnections = 64
  /// How long connecting may take. Default: 10 s.
  public var connectTimeout: Duration = .seconds(10)
  /// How long sending may stand still. Default: 30 s.
  public var writeTimeout: Duration = .seconds(30)
  /// How long an answer may be silent. Default: 30 s.
  public var responseTimeout: Duration = .seconds(30)
  /// How long a request may take as a whole. Default: 60 s.
  public var totalTimeout: Duration = .seconds(60)
  /// Which answers mean what.
  public var answers = AnswerPolicy()
  /// Whether to compress bodies. Default: no.
  public var compresses = false
  /// Whether to send the event's id as `Idempotency-Key`. Default: no.
  public var sendsIdempotencyKey = false
  /// What proves to the receiver who we are.
  public var credentials = CredentialFiles()
  /// The oldest version of TLS that is spoken. Default: 1.2.
  public var minimumTLS = TLSVersion.v1_2
  /// A file of certificate authorities to trust instead of the system's.
  public var authorityFile: String?
  /// A client certificate and its key.
  public var clientCertificate: CertificateFiles?
  /// Which proxy stands before the receiver. Default: none.
  public var proxy = ProxySettings()

  /// Makes a configuration with the defaults.
  public init(url: String) {
    self.url = url
  }
}
