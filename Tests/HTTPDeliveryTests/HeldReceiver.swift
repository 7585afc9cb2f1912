// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import HTTPDelivery
import Synchronization
import TestDelivery

/// A receiver that may be held up, and made to refuse.
final class HeldReceiver: Sendable {
  private let receiver: Receiver
  private let switches: Switches

  private final class Switches: Sendable {
    let isHeld = Atomic(false)
    let refuses = Atomic(false)
  }

  init() async throws {
    let switches = Switches()
    self.switches = switches
    receiver = try await Receiver { _ in
      if switches.refuses.load(ordering: .acquiring) { return .status(400) }
      return switches.isHeld.load(ordering: .acquiring) ? .status(503) : .status(200)
    }
  }

  var url: String { receiver.url }

  func subject(_ sink: any Sink) -> SinkConformance.Subject {
    SinkConformance.Subject(
      sink, arrived: { self.arrived }, hold: { self.switches.isHeld.store($0, ordering: .releasing) },
      spoil: { self.switches.refuses.store(true, ordering: .releasing) })
  }

  /// The ids of requests that were answered with success.
  private var arrived: [String] {
    receiver.accepted.flatMap { request -> [String] in
      if let id = request.headers["ce-id"] { return [id] }
      let parsed = try? JSONSerialization.jsonObject(with: Data(request.body.utf8))
      let events = (parsed as? [[String: Any]]) ?? (parsed as? [String: Any]).map { [$0] } ?? []
      return events.compactMap { $0["id"] as? String }
    }
  }
}
