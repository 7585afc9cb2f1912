// SPDX-License-Identifier: Apache-2.0

import Delivery
import PostgresWire

/// What became of all that was read, to be told at the end.
struct Account {
  /// How many events the sink has taken.
  private(set) var delivered: Int
  /// How many became dead letters instead, or were kept from leaving.
  private(set) var letters: Int
  /// How many rows became dead letters because they could be no events.
  private(set) var rows: Int
  /// How many were read and are neither.
  private(set) var left: Int
  /// The last position that was confirmed to the server.
  private(set) var confirmed: LSN
  /// Whether there is more that the server could not be told of.
  private(set) var isUntold: Bool

  /// Adds what was before; what was left then has come again.
  func adding(_ before: Account?) -> Account {
    guard let before else { return self }
    var sum = self
    sum.delivered += before.delivered
    sum.letters += before.letters
    sum.rows += before.rows
    sum.confirmed = max(confirmed, before.confirmed)
    return sum
  }

  /// One line.
  var words: String {
    var words = "delivered \(delivered) events, confirmed up to \(confirmed)"
    if letters > 0 || rows > 0 { words += "; \(letters) events and \(rows) rows went to the dead letters" }
    if left > 0 { words += "; \(left) events that were read are not known to be delivered, and come again" }
    if isUntold { words += "; the server could not be told of what was delivered after it, which may come again" }
    return words
  }
}

extension RelayLoop where Source: ~Copyable {
  var account: Account {
    let letters = gate.sink.health.letters.count
    return Account(
      delivered: max(0, outbound.deliveredEvents - letters), letters: letters + desk.keptEvents,
      rows: desk.keptRows,
      left: max(0, pipeline.eventCount - outbound.deliveredEvents), confirmed: told,
      isUntold: pipeline.polling == nil && told < flushed)
  }
}
