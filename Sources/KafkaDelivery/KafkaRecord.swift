// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import Delivery
  import IntegrationEvents
  import Octets

  /// What a record holds. Source: CloudEvents Kafka Protocol Binding.
  struct KafkaRecord {
    /// An event that no record can carry, and why.
    struct Unwritable: Error, Hashable {
      let reason: String
    }

    var topic: String
    /// Nil spreads the events over the partitions.
    var key: [UInt8]?
    /// Nil deletes the key in a compacted topic.
    var value: ArraySlice<UInt8>?
    var headers: [(name: String, value: [UInt8])] = []

    init(topic: String, key: [UInt8]?, value: ArraySlice<UInt8>, headers: [(name: String, value: [UInt8])]) {
      (self.topic, self.key, self.value, self.headers) = (topic, key, value, headers)
    }

    init(_ outgoing: OutgoingEvent, _ configuration: KafkaConfiguration) throws(Unwritable) {
      let event = outgoing.event
      guard !event.id.isEmpty, !event.type.isEmpty else {
        throw Unwritable(reason: "it is no CloudEvent: it has no id, or no type")
      }
      do { topic = try configuration.route.name(of: outgoing) } catch {
        throw Unwritable(reason: "it has no \(error.attribute), which the topic's name needs")
      }
      try Self.check(topic)
      key = event.key.isEmpty ? nil : outgoing.batch.unescaped(event.key)
      if configuration.writesTombstones, event.dataKind == .none {
        guard key != nil else { throw Unwritable(reason: "a tombstone needs a key") }
        value = nil
        try setAttributes(outgoing)
        return
      }
      switch configuration.mode {
      case .structured:
        value = outgoing.line
        headers = [("content-type", Array("application/cloudevents+json; charset=UTF-8".utf8))]
        if !event.traceParent.isEmpty { headers.append(("traceparent", outgoing.batch.unescaped(event.traceParent))) }
      case .binary:
        value = try Self.data(outgoing)
        try setAttributes(outgoing)
      }
    }

    private mutating func setAttributes(_ outgoing: OutgoingEvent) throws(Unwritable) {
      var contentType: [UInt8]?
      var trace: [UInt8]?
      outgoing.forEachAttribute { name, value in
        if name == "datacontenttype" {
          contentType = value
        } else {
          headers.append(("ce_\(name)", value))
          if name == "traceparent" { trace = value }
        }
      }
      let ours = outgoing.event.dataKind.contentType.map { Array($0.utf8) }
      if value != nil, let contentType = contentType ?? ours { headers.append(("content-type", contentType)) }
      if let trace { headers.append(("traceparent", trace)) }
    }

    /// The bytes of the row.
    private static func data(_ outgoing: OutgoingEvent) throws(Unwritable) -> ArraySlice<UInt8> {
      let event = outgoing.event
      switch event.dataKind {
      case .none: return []
      case .json: return outgoing.batch.bytes[event.data]
      case .text: return outgoing.batch.unescaped(event.data)[...]
      case .base64:
        guard let bytes = Base64.decode(outgoing.batch.bytes[event.data]) else {
          throw Unwritable(reason: "its data is not in base64")
        }
        return bytes[...]
      }
    }

    /// Refuses what no topic can be called. Source: Kafka's documentation, "Topic naming": letters, digits, `.`, `_` and `-`, at
    /// most 249 of them, and neither `.` nor `..`.
    static func check(_ topic: String) throws(Unwritable) {
      let isAllowed = topic.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
      }
      guard isAllowed, topic != ".", topic != ".." else {
        throw Unwritable(reason: "no topic can have the name that its route makes: letters, digits, . _ and - only")
      }
      guard (1...249).contains(topic.utf8.count) else {
        throw Unwritable(reason: "no topic can have the name that its route makes: 1 to 249 letters")
      }
    }
  }
#endif
