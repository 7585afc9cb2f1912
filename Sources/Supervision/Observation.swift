// SPDX-License-Identifier: Apache-2.0

package import Operations
package import PostgresWire
package import Relay

/// What is known of a relay at one moment: by itself, and by its server.
package struct Observation: Sendable {
  /// By the relay.
  package var status: RelayStatus
  /// By the server; nil where it was not asked, or did not answer.
  package var look: SlotLook?
  /// Why the server has not answered.
  package var silence: String?
  /// What that comes to.
  package var verdict: Verdict
  /// How things have gone lately.
  package var trend = Trend()
  /// How many events were delivered of each kind, never fewer than before.
  package var delivered: [KindCount] = []
  package var letters: [KindCount] = []

  package init(status: RelayStatus, look: SlotLook?, silence: String? = nil, verdict: Verdict) {
    (self.status, self.look, self.silence, self.verdict) = (status, look, silence, verdict)
  }

  /// How far the log has come in each hand, from the server's own end on.
  package var ladder: [(name: String, position: LSN?)] {
    [
      ("server", look?.end), ("sent", look?.walsender?.sent), ("received", status.received.known),
      ("delivered", status.confirmed.known), ("confirmed", look?.confirmed ?? status.told.known),
    ]
  }
}

extension LSN {
  fileprivate var known: LSN? { self == .zero ? nil : self }
}

/// How a relay is doing, in one word and why.
package struct Verdict: Hashable, Sendable {
  package enum State: String, CaseIterable, Sendable {
    case starting, live
    case catchingUp = "catching up"
    case stalled, idle, standby, down, lost
  }

  package var state: State
  package var reason: String
  /// Whether it does what it is there for, or could.
  package var isReady: Bool

  package init(_ state: State, _ reason: String, isReady: Bool = true) {
    (self.state, self.reason, self.isReady) = (state, reason, isReady)
  }

  static func stalled(_ reason: String) -> Verdict { Verdict(.stalled, reason, isReady: false) }
}
