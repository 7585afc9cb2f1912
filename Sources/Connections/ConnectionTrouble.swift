// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
package import NIOCore
import NIOPosix
import NIOSSL
package import PostgresWire

/// What an error of a connection, or of TLS on it, means, whatever is spoken there.
package enum ConnectionTrouble: Hashable, Sendable {
  /// The network, a time-out, or TLS that may heal.
  case failed(String)
  /// Whoever is there cannot prove that it is the receiver, or does not take us: a certificate has to be changed, unless it is
  /// somebody in between.
  case untrusted(String, advice: Wording?)

  private static let ends: [ChannelError] = [.eof, .ioOnClosedChannel, .inputClosed, .outputClosed, .alreadyClosed]

  /// Nil for an error of something else.
  ///
  /// - Parameters:
  ///   - error: what came.
  ///   - plain: what to do where the receiver does not speak TLS.
  package init?(_ error: any Error, plain: Wording) {
    switch error {
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: self = .ofTLS("\(error)", plain)
    case let error as NIOConnectionError: self = .failed(Self.words(error))
    case let error as IOError: self = .failed(Self.words(error))
    case let error as ChannelError where Self.ends.contains(error):
      self = .failed("the connection was closed before an answer")
    case ChannelError.connectTimeout: self = .failed("connecting took too long")
    default: return nil
    }
  }

  private static func ofTLS(_ text: String, _ plain: Wording) -> ConnectionTrouble {
    switch TLSWords.meaning(of: text) {
    case .wantsOurs:
      .untrusted(
        "the receiver wants a client certificate, or another one", advice: "give \(setting: "client-certificate")")
    case .untrusted:
      .untrusted(
        "the receiver's certificate is not to be trusted (expired, wrong host or unknown authority)", advice: nil)
    case .plain: .untrusted("the receiver does not speak TLS at this port", advice: plain)
    case .version: .failed("TLS: it speaks no version that is taken (tls-minimum)")
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
  package static func words(_ error: IOError) -> String {
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

extension TimeAmount {
  /// Ten years at most: clocks that count nanoseconds end not long behind.
  package init(capped duration: Duration) {
    let (seconds, attoseconds) = min(max(duration, .zero), .seconds(10 * 366 * 86_400)).components
    self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}
