// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Synchronization

/// The way from a fresh connection to a channel that messages can be sent over. Source: AMQP 0-9-1, sections 2.2.4 and 4.2.2.
extension AMQPSession {
  func takeConnection(_ method: ServerMethod) throws(ProtocolBreach) {
    switch (method, phase) {
    case (.start(let version, let revision, let properties, let mechanisms), .start):
      guard version == 0, revision == 9 else { throw .otherVersion }
      logIn(properties, mechanisms.split(separator: " ").map(String.init))
    case (.secure, .tune): fail(AMQPTrouble("it wants to be told more than \(opening.mechanism) tells"))
    case (.tune(let channels, let frame, let heartbeat), .tune):
      try tune(channels: channels, frame: frame, heartbeat: heartbeat)
    case (.openOK, .open): openChannel()
    case (.close(let code), _):
      send(ClientMethod.closeOK)
      flush()
      fail(AMQPTrouble(code: code, stage, to: opening.place))
    case (.blocked, _): hold(isBlocked: true)
    case (.unblocked, _): hold(isBlocked: false)
    default: throw .outOfTurn
    }
  }

  private var stage: AMQPTrouble.Stage {
    switch phase {
    case .start, .tune, .open: .loggingIn
    case .channel, .confirm, .declared: .declaring
    case .ready, .closing, .closed: .publishing
    }
  }

  private func logIn(_ properties: FieldTable, _ mechanisms: [String]) {
    let capabilities = properties.tables["capabilities"]?.flags ?? [:]
    guard capabilities["publisher_confirms"] == true else {
      return fail(
        AMQPTrouble(
          "it does not confirm what it has stored (publisher_confirms)", isDestination: true, hint: "use another broker"
        ))
    }
    guard mechanisms.contains(opening.mechanism) else {
      let hint: Wording =
        opening.mechanism == "EXTERNAL"
        ? "enable rabbitmq_auth_mechanism_ssl, or name a user in the address" : "let it take PLAIN"
      return fail(AMQPTrouble("it takes no login by \(opening.mechanism)", isDestination: true, hint: hint))
    }
    send(ClientMethod.startOK(mechanism: opening.mechanism, response: opening.response))
    flush()
    phase = .tune
  }

  private func tune(channels: UInt16, frame: UInt32, heartbeat: UInt16) throws(ProtocolBreach) {
    // Zero means no limit.
    let frame = frame == 0 ? Self.frameLimit : min(frame, Self.frameLimit)
    guard frame >= 4096 else { throw .limits }
    let ours = opening.heartbeat
    self.heartbeat = heartbeat == 0 || ours == 0 ? max(heartbeat, ours) : min(heartbeat, ours)
    standing.state.withLock { $0.frameLimit = Int(frame) }
    send(ClientMethod.tuneOK(channels: MessageWriter.channel, frame: frame, heartbeat: self.heartbeat))
    send(ClientMethod.open(virtualHost: opening.virtualHost))
    flush()
    phase = .open
  }

  /// Opens the channel, at the start and whenever the broker has closed it.
  func openChannel() {
    phase = .channel
    publishing.opened = .now
    send(ClientMethod.channelOpen(MessageWriter.channel))
    flush()
  }

  func takeChannel(_ method: ServerMethod) throws(ProtocolBreach) {
    switch (method, phase) {
    case (.channelOpenOK, .channel):
      send(ClientMethod.confirmSelect(MessageWriter.channel))
      flush()
      phase = .confirm
    case (.confirmSelectOK, .confirm):
      phase = .declared
      if let queue = opening.queue {
        send(ClientMethod.queueDeclarePassive(MessageWriter.channel, queue))
      } else if !opening.exchange.isEmpty {
        send(ClientMethod.exchangeDeclarePassive(MessageWriter.channel, opening.exchange))
      } else {
        // The default exchange is always there, and nobody may ask for it.
        becomeReady()
      }
      flush()
    case (.exchangeDeclareOK, .declared), (.queueDeclareOK, .declared): becomeReady()
    case (.flow(let isActive), _):
      publishing.isHeld = !isActive
      send(ClientMethod.flowOK(MessageWriter.channel, isActive: isActive))
    case (.channelClose(let code), .ready): reopen(after: code)
    case (.channelClose(let code), _):
      send(ClientMethod.channelCloseOK(MessageWriter.channel))
      refuse(AMQPTrouble(code: code, .declaring, to: opening.place))
    case (.returned(let code, let routingKey), .ready): publishing.returned = .init(code: code, routingKey: routingKey)
    case (.ack(let tag, let multiple), .ready): try settle(tag, multiple, isStored: true)
    case (.nack(let tag, let multiple), .ready): try settle(tag, multiple, isStored: false)
    default: throw .outOfTurn
    }
  }

  /// Takes nothing more for now, or again.
  private func hold(isBlocked: Bool) {
    publishing.isBlocked = isBlocked
    // What was waited for before does not count.
    publishing.resumed = .now
    standing.state.withLock { $0.isBlocked = isBlocked }
  }
}
