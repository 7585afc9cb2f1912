import IntegrationEvents

/// What a keyed sink remembers of its attempts, so that it can be told.
struct DeliveryRecord {
  /// The first event of each parcel that has failed and is tried again, by the parcel's number.
  private var failing: [Int: DeliveryScheduler.Item] = [:]
  private var (failures, since, hint): (Int, ContinuousClock.Instant?, String?) = (0, nil, nil)
  private var total = DeliveryHealth()
  private var parcels = 0

  /// A parcel begins; gives the number it is known by.
  mutating func begin() -> Int {
    parcels += 1
    return parcels
  }

  /// An attempt has failed and will be made again.
  mutating func fail(_ parcel: Int, _ first: DeliveryScheduler.Item, _ trouble: Attempt.Trouble) {
    if failing.isEmpty { (failures, since) = (0, .now) }
    failing[parcel] = first
    failures += 1
    total.failures += 1
    total.lastReason = trouble.reason
    hint = trouble.hint
  }

  /// What a parcel tried has its fate.
  mutating func settle(_ parcel: Int, delivered: Int) {
    if !failing.isEmpty { failing[parcel] = nil }
    total.delivered += delivered
  }

  /// An event has become a dead letter.
  mutating func keep(_ item: DeliveryScheduler.Item, _ reason: String) {
    total.letters.count += 1
    total.letters.position = item.event.position
    total.letters.reason = reason
  }

  mutating func remark(_ text: String?) {
    if let text { total.remark = text }
  }

  /// How things stand.
  func health(_ destination: String) -> DeliveryHealth {
    var health = total
    health.destination = destination
    guard let since, let oldest = failing.values.min(by: { $0.event.position < $1.event.position }) else {
      return health
    }
    health.trouble = DeliveryHealth.Trouble(
      reason: total.lastReason, hint: hint, failures: failures, since: since,
      oldest: .init(
        position: oldest.event.position, time: oldest.outgoing.time, since: oldest.batch.began))
    return health
  }
}

extension OutgoingEvent {
  /// The event's `time`, as it is written; empty for none.
  fileprivate var time: String {
    var time = ""
    forEachAttribute { name, value in if name == "time" { time = String(decoding: value, as: UTF8.self) } }
    return time
  }
}
