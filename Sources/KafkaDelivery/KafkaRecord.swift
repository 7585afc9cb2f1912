// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import Delivery
  import IntegrationEvents
  import Octets

  /// What a record holds. Source: CloudEvents Kafka Protocol Binding.
  struct KafkaRecord {
    var topic: String
    /// Nil spreads the events over the partitions.
    var key: [UInt8]?
    /// Nil deletes the key in a compacted topic.
    var value: ArraySlice<UInt8>?
    var headers: [(name: String, value: [UInt8])] = []

    init(topic: String, key: [UInt8]?, value: ArraySlice<UInt8>, headers: [(name: String, value: [UInt8])]) {
      (self.topic, self.key, self.value, self.headers) = (topic, key, value, headers)
    }

    init(_ outgoing: OutgoingEvent, _ configuration: KafkaConfiguration) throws(UnwritableEvent) {
      let event = outgoing.event
      try outgoing.requireIdentity()
      do { topic = try configuration.route.name(of: outgoing) } catch {
        throw UnwritableEvent("it has no \(error.attribute), which the topic's name needs")
      }
      try Self.check(topic)
      key = event.key.isEmpty ? nil : outgoing.batch.unescaped(event.key)
      if configuration.writesTombstones, event.dataKind == .none {
        guard key != nil else { throw UnwritableEvent("a tombstone needs a key") }
        value = nil
        setAttributes(outgoing)
        return
      }
      switch configuration.mode {
      case .structured:
        value = outgoing.line
        headers = [("content-type", Array("application/cloudevents+json; charset=UTF-8".utf8))]
        if !event.traceParent.isEmpty { headers.append(("traceparent", outgoing.batch.unescaped(event.traceParent))) }
      case .binary:
        value = try outgoing.data()
        setAttributes(outgoing)
      }
    }

    private mutating func setAttributes(_ outgoing: OutgoingEvent) {
      var trace: [UInt8]?
      let contentType = outgoing.forEachBinaryAttribute { name, range in
        let value = outgoing.batch.unescaped(range)
        headers.append(("ce_\(name)", value))
        if name == "traceparent" { trace = value }
      }
      if let contentType = outgoing.contentType(contentType) { headers.append(("content-type", contentType)) }
      if let trace { headers.append(("traceparent", trace)) }
    }

    /// Refuses what no topic can be called. Source: Kafka's documentation, "Topic naming": letters, digits, `.`, `_` and `-`, at
    /// most 249 of them, and neither `.` nor `..`.
    static func check(_ topic: String) throws(UnwritableEvent) {
      let isAllowed = topic.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
      }
      guard isAllowed, topic != ".", topic != ".." else {
        throw UnwritableEvent("no topic can have the name that its route makes: letters, digits, . _ and - only")
      }
      guard (1...249).contains(topic.utf8.count) else {
        throw UnwritableEvent("no topic can have the name that its route makes: 1 to 249 letters")
      }
    }
  }
#endif
