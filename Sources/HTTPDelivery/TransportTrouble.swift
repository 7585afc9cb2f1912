// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Connections
import NIOHTTP1
import PostgresWire

extension HTTPTransport.Outcome {
  /// What an error means. Its own words are shown only where they cannot hold a header field's value.
  static func of(_ error: any Error) -> HTTPTransport.Outcome {
    switch error {
    case let error as HTTPClientError: of(error)
    case is HTTPParserError, is AnswerTidying.NotHTTP: .failed("what it answers is not HTTP")
    default:
      switch ConnectionTrouble(error, plain: "give the port of https, or an http:// address") {
      case .failed(let why): .failed(why)
      case .untrusted(let why, let advice): .untrusted(why, advice: advice)
      case nil: .failed("the connection failed (\(type(of: error)))")
      }
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
}
