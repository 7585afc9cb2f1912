// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Files
import Glibc
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
    case let error as NIOConnectionError: .failed(words(error))
    case is HTTPParserError, is AnswerTidying.NotHTTP: .failed("what it answers is not HTTP")
    case let error as IOError: .failed(words(error))
    case let error as ChannelError where ends.contains(error): .failed("the connection was closed before an answer")
    case ChannelError.connectTimeout: .failed("connecting took too long")
    default: .failed("the connection failed (\(type(of: error)))")
    }
  }

  private static let ends: [ChannelError] = [.eof, .ioOnClosedChannel, .inputClosed, .outputClosed, .alreadyClosed]

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
    case .proxyAuthenticationRequired: .failed("the proxy wants a user and a password, or others")
    case .invalidProxyResponse: .failed("the proxy does not connect to the receiver, or is none")
    case .httpProxyHandshakeTimeout: .failed("the proxy took too long to connect to the receiver")
    default:
      switch error.shortDescription {
      case "Invalid header field names", "Invalid header field values":
        // What comes of an event is fit to be sent: this would be the same for all.
        .hopeless("a header field has a name or value that no request can have")
      case let words: .failed(words.lowercased())
      }
    }
  }

  private static func ofTLS(_ text: String) -> HTTPTransport.Outcome {
    switch TLSWords.meaning(of: text) {
    case .wantsOurs:
      .untrusted(
        "the receiver wants a client certificate, or another one", advice: "give \(setting: "client-certificate")")
    case .untrusted:
      .untrusted("the receiver's certificate is not to be trusted (expired, wrong host or unknown authority)")
    case .plain:
      .untrusted(
        "the receiver does not speak TLS at this port", advice: "give the port of https, or an http:// address")
    case .version:
      .failed("TLS: it speaks no version that is taken (tls-minimum)")
    case nil: .failed("TLS: \(TLSWords.short(text))")
    }
  }

  /// Why none of the host's addresses could be connected to.
  private static func words(_ error: NIOConnectionError) -> String {
    let place = "\(error.host), port \(error.port)"
    guard let last = error.connectionErrors.last?.error else {
      return "cannot connect to \(place): its name is not found"
    }
    guard let last = last as? IOError else { return "cannot connect to \(place)" }
    let reason = words(last)
    return "cannot connect to \(place): \(reason.hasPrefix(prefix) ? String(reason.dropFirst(prefix.count)) : reason)"
  }

  private static let prefix = "cannot connect: "

  /// What the system says of a connection. Source: connect(2), read(2), write(2), "Errors".
  static func words(_ error: IOError) -> String {
    let text = SystemFailure(number: error.errnoCode).textInSentence
    return switch error.errnoCode {
    case ECONNRESET, ECONNABORTED: "the connection was reset before an answer"
    case EPIPE, ENOTCONN, ESHUTDOWN, EBADF: "the connection was closed before an answer"
    case ETIMEDOUT: "the connection timed out"
    case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, EADDRNOTAVAIL, EACCES, EPERM, EMFILE, ENFILE,
      EAFNOSUPPORT, EINVAL:
      prefix + text
    default: "the connection failed: " + text
    }
  }
}
