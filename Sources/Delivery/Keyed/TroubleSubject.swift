// SPDX-License-Identifier: Apache-2.0

package import PostgresWire

/// Whom it concerns that an attempt has failed.
package enum TroubleSubject: Hashable, Sendable {
  /// The server or the way there: it may heal by itself.
  case server
  /// Who we are, and what we may do, which only somebody who mends that can help: with exit codes of their own.
  case login, permission
  /// There is nobody to be.
  case credentials
  /// What the settings name.
  case destination
  /// What one event is.
  case event
  /// Whatever it may be.
  case unclear

  /// Whether it is surely not the event's.
  package var concernsReceiver: Bool { self != .event && self != .unclear }

  /// What whoever asks is told that it is.
  package var failureKind: FailureKind {
    switch self {
    case .server, .event, .unclear: .receiver
    case .login: .authentication
    case .permission: .privilege
    case .credentials: .credentials
    case .destination: .destination
    }
  }

  /// What an event is told that shares a trouble.
  package func verdict(_ trouble: Attempt.Trouble) -> Attempt.Verdict {
    self == .event ? .refused(trouble) : .retry(trouble)
  }
}
