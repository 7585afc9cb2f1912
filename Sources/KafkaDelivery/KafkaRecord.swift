// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import Delivery
  import IntegrationEvents

  /// What a record holds; it can be set anew for the next event, without new memory. Source: CloudEvents Kafka Protocol Binding.
  struct KafkaRecord {
    /// The topic's name with a zero behind it, the key, and the headers' names and values, one behind another.
    private(set) var bytes: [UInt8] = []
    /// Without the zero.
    private(set) var topic = 0..<0
    /// Nil spreads the events over the partitions.
    private(set) var key: Range<Int>?
    /// Nil deletes the key in a compacted topic.
    private(set) var value: ArraySlice<UInt8>?
    private(set) var headers: [(name: Range<Int>, value: Range<Int>)] = []

    init() {}

    init(topic: String, key: String, value: [UInt8], contentType: String) {
      setTopic { $0.append(contentsOf: topic.utf8) }
      setKey { $0.append(contentsOf: key.utf8) }
      self.value = value[...]
      add("content-type") { $0.append(contentsOf: contentType.utf8) }
    }

    /// Becomes that of an event.
    mutating func set(_ outgoing: OutgoingEvent, _ configuration: KafkaConfiguration) throws(UnwritableEvent) {
      let event = outgoing.event
      bytes.removeAll(keepingCapacity: true)
      headers.removeAll(keepingCapacity: true)
      try outgoing.requireIdentity()
      do throws(Route.Missing) { try configuration.route.append(outgoing, to: &bytes) } catch {
        throw UnwritableEvent("it has no \(error.attribute), which the topic's name needs")
      }
      setTopic { _ in }
      try Self.check(bytes[topic])
      setKey { $0.append(outgoing, unescaped: event.key) }
      if configuration.writesTombstones, event.dataKind == .none {
        guard key != nil else { throw UnwritableEvent("a tombstone needs a key") }
        value = nil
        addAttributes(outgoing)
        return
      }
      switch configuration.mode {
      case .structured:
        value = outgoing.line
        add("content-type") { $0.append(contentsOf: "application/cloudevents+json; charset=UTF-8".utf8) }
        if !event.traceParent.isEmpty { add("traceparent") { $0.append(outgoing, unescaped: event.traceParent) } }
      case .binary:
        value = try outgoing.data()
        addAttributes(outgoing)
      }
    }

    private mutating func setTopic(_ write: (inout [UInt8]) -> Void) {
      write(&bytes)
      topic = 0..<bytes.count
      bytes.append(0)
    }

    private mutating func setKey(_ write: (inout [UInt8]) -> Void) {
      let start = bytes.count
      write(&bytes)
      key = bytes.count == start ? nil : start..<bytes.count
    }

    private mutating func add(_ name: String, after prefix: String = "", _ write: (inout [UInt8]) -> Void) {
      let start = bytes.count
      bytes.append(contentsOf: prefix.utf8)
      bytes.append(contentsOf: name.utf8)
      let middle = bytes.count
      write(&bytes)
      headers.append((start..<middle, middle..<bytes.count))
    }

    private mutating func addAttributes(_ outgoing: OutgoingEvent) {
      var trace: Range<Int>?
      let contentType = outgoing.forEachBinaryAttribute { name, range in
        if name == "traceparent" { trace = range }
        add(name, after: "ce_") { $0.append(outgoing, unescaped: range) }
      }
      if value != nil, let type = outgoing.contentType(contentType) {
        add("content-type") { $0.append(contentsOf: type) }
      }
      if let trace { add("traceparent") { $0.append(outgoing, unescaped: trace) } }
    }

    /// Refuses what no topic can be called. Source: Kafka's documentation, "Topic naming": letters, digits, `.`, `_` and `-`, at
    /// most 249 of them, and neither `.` nor `..`.
    static func check(_ topic: ArraySlice<UInt8>) throws(UnwritableEvent) {
      try check(piece: topic)
      guard (1...249).contains(topic.count) else {
        throw UnwritableEvent("no topic can have the name that its route makes: 1 to 249 letters")
      }
      let dots = topic.count { $0 == UInt8(ascii: ".") }
      guard dots != topic.count || dots > 2 else {
        throw UnwritableEvent("no topic can have the name that its route makes: neither . nor ..")
      }
    }

    /// Refuses letters that no topic's name can have.
    static func check(piece: ArraySlice<UInt8>) throws(UnwritableEvent) {
      let isAllowed = piece.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
      }
      guard isAllowed else {
        throw UnwritableEvent("no topic can have the name that its route makes: letters, digits, . _ and - only")
      }
    }
  }
#endif
