import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PostgresWire

extension HTTPTransport.Outcome {
  /// What an error means. Its own words are shown only where they cannot hold a header field's value.
  static func of(_ error: any Error) -> HTTPTransport.Outcome {
    switch error {
    case let error as HTTPClientError: of(error)
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: ofTLS("\(error)")
    case let error as NIOConnectionError:
      .failed("cannot connect to \(error.host), port \(error.port)\(reason(error).map { ": \($0)" } ?? "")")
    case is HTTPParserError, is AnswerTidying.NotHTTP: .failed("what it answers is not HTTP")
    case let error as IOError: .failed("\(error)")
    case let error as ChannelError where error == .eof || error == .ioOnClosedChannel || error == .inputClosed:
      .failed("the connection was closed before an answer")
    default: .failed("\(type(of: error))")
    }
  }

  private static func of(_ error: HTTPClientError) -> HTTPTransport.Outcome {
    switch error {
    case .invalidURL, .emptyHost, .emptyScheme: .hopeless("the address cannot be used: \(error.shortDescription)")
    case .deadlineExceeded: .failed("no answer within the time for a whole request")
    case .readTimeout: .failed("no answer, and nothing came for too long")
    case .writeTimeout: .failed("it takes nothing: sending stood still for too long")
    case .connectTimeout: .failed("connecting took too long")
    case .tlsHandshakeTimeout: .failed("TLS: the handshake took too long")
    case .getConnectionFromPoolTimeout: .failed("no connection could be had for too long")
    case .remoteConnectionClosed: .failed("the connection was closed before an answer")
    default:
      switch error.shortDescription {
      case "Invalid header field names", "Invalid header field values":
        .unpostable("a header field has a name or value that no request can have")
      case let words: .failed(words.lowercased())
      }
    }
  }

  private static func ofTLS(_ text: String) -> HTTPTransport.Outcome {
    switch TLSWords.meaning(of: text) {
    case .wantsOurs:
      .hopeless(
        "the receiver wants a client certificate, or another one", advice: "give \(setting: "client-certificate")")
    case .untrusted:
      .hopeless("the receiver's certificate is not to be trusted (expired, wrong host or unknown authority)")
    case .plain:
      .hopeless(
        "the receiver does not speak TLS at this port", advice: "give the port of https, or an http:// address")
    case .version:
      .failed("TLS: it speaks no version that is taken (tls-minimum)")
    case nil: .failed("TLS: \(TLSWords.short(text))")
    }
  }

  /// Why the last of the host's addresses could not be connected to.
  private static func reason(_ error: NIOConnectionError) -> String? {
    if error.dnsAError != nil, error.dnsAAAAError != nil { return "its name is not found" }
    return error.connectionErrors.last.flatMap { $0.error as? IOError }.map { "\($0)" }
  }
}
