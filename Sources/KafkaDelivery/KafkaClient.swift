// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import CRdkafka
  import Dispatch
  import Files
  import Synchronization

  /// librdkafka's producer: the one file that calls it.
  ///
  /// Its handles may be used by all threads, which the language cannot know of a pointer; so they are kept as numbers. What it
  /// reports comes from a queue, on a thread of its own, without callbacks from C.
  ///
  /// Source: rdkafka.h.
  @safe final class KafkaClient: Sendable {
    /// What it tells.
    enum News: Sendable {
      /// What became of records, by their tokens.
      case reports([(token: UInt, code: rd_kafka_resp_err_t)])
      /// Something that is not about one record. After a fatal one nothing more can be produced with this client.
      case trouble(rd_kafka_resp_err_t, text: String, isFatal: Bool)
    }

    /// A property that cannot be set so, or no memory.
    struct Unusable: Error {
      let reason: String
    }

    private enum Phase {
      case open
      /// It takes nothing more. From the first time on what has not been sent is given up; from the second, what is on the wire:
      /// that may be stored all the same.
      case leaving(unsent: DispatchTime, sent: DispatchTime)
    }

    private let handle: UInt
    private let queue: UInt
    /// Held while the handle is used: the thread that serves the queue is the one that lets go of all.
    private let phase = Mutex(Phase.open)
    private let asking = Mutex(true)
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Such as `2.0.2`.
    static var version: String { unsafe String(cString: rd_kafka_version_str()) }

    /// Starts; connects in the background.
    init(
      _ properties: [(name: String, value: String)], onNews: @escaping @Sendable (News) -> Void
    ) throws(Unusable) {
      let settings = unsafe try Self.settings(properties)
      var text = [CChar](repeating: 0, count: 512)
      unsafe rd_kafka_conf_set_events(settings, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
      guard let made = unsafe rd_kafka_new(RD_KAFKA_PRODUCER, settings, &text, text.count) else {
        unsafe rd_kafka_conf_destroy(settings)
        throw Unusable(reason: Self.string(text))
      }
      // Else its own lines go to standard error.
      unsafe rd_kafka_set_log_queue(made, nil)
      handle = UInt(bitPattern: made)
      unsafe queue = UInt(bitPattern: rd_kafka_queue_get_main(made))
      guard let reason = OwnThread.start({ self.serve(onNews) }) else { return }
      unsafe rd_kafka_queue_destroy(OpaquePointer(bitPattern: queue))
      unsafe rd_kafka_destroy(made)
      throw Unusable(reason: "no thread: \(reason)")
    }

    private static func settings(
      _ properties: [(name: String, value: String)]
    ) throws(Unusable) -> OpaquePointer {
      guard let settings = unsafe rd_kafka_conf_new() else { throw Unusable(reason: "out of memory") }
      var text = [CChar](repeating: 0, count: 512)
      for (name, value) in properties {
        let result = unsafe rd_kafka_conf_set(settings, name, value, &text, text.count)
        guard result != RD_KAFKA_CONF_OK else { continue }
        unsafe rd_kafka_conf_destroy(settings)
        // Its own words have the value.
        throw Unusable(
          reason:
            "\(name): \(result == RD_KAFKA_CONF_UNKNOWN ? "librdkafka has no such property" : "librdkafka does not take that value")"
        )
      }
      return unsafe settings
    }

    /// Refuses properties that librdkafka does not take each by itself.
    static func check(_ properties: [(name: String, value: String)]) throws(Unusable) {
      unsafe rd_kafka_conf_destroy(try settings(properties))
    }

    private var producer: OpaquePointer? { unsafe OpaquePointer(bitPattern: handle) }

    private static func string(_ text: [CChar]) -> String {
      String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Takes a record, of which it makes a copy; a code other than none means that it has not, and that no report comes.
    func produce(_ record: KafkaRecord, token: UInt) -> rd_kafka_resp_err_t {
      phase.withLock { phase in
        guard case .open = phase else { return RD_KAFKA_RESP_ERR__DESTROY }
        return handOver(record, token: token)
      }
    }

    private func handOver(_ record: KafkaRecord, token: UInt) -> rd_kafka_resp_err_t {
      guard let headers = unsafe rd_kafka_headers_new(record.headers.count) else {
        return RD_KAFKA_RESP_ERR__QUEUE_FULL
      }
      let code = unsafe record.bytes.withUnsafeBytes { bytes -> rd_kafka_resp_err_t in
        // There is a topic, so there are bytes.
        guard let base = bytes.baseAddress else { return RD_KAFKA_RESP_ERR__INVALID_ARG }
        for (name, value) in record.headers {
          let text = unsafe (base + name.lowerBound).assumingMemoryBound(to: CChar.self)
          _ = unsafe rd_kafka_header_add(headers, text, name.count, base + value.lowerBound, value.count)
        }
        let topic = unsafe base.assumingMemoryBound(to: CChar.self)
        let key = unsafe record.key.map { key in
          unsafe Memory(ptr: UnsafeMutableRawPointer(mutating: base + key.lowerBound), size: key.count)
        }
        let none = unsafe Memory(ptr: nil, size: 0)
        guard let value = record.value else { return unsafe produce(topic, key ?? none, none, headers, token) }
        return unsafe value.withUnsafeBytes { value in
          let start = unsafe UnsafeMutableRawPointer(mutating: value.baseAddress ?? Self.nothing)
          return unsafe produce(topic, key ?? none, Memory(ptr: start, size: value.count), headers, token)
        }
      }
      // What was not taken stays ours.
      if code != RD_KAFKA_RESP_ERR_NO_ERROR { unsafe rd_kafka_headers_destroy(headers) }
      return code
    }

    /// Empty is not the same as none.
    private static var nothing: UnsafeRawPointer? { unsafe UnsafeRawPointer(bitPattern: 8) }

    private typealias Memory = rd_kafka_vu_s.__Unnamed_union_u.__Unnamed_struct_mem

    private func produce(
      _ topic: UnsafePointer<CChar>, _ key: Memory, _ value: Memory, _ headers: OpaquePointer, _ token: UInt
    ) -> rd_kafka_resp_err_t {
      let parts = unsafe [
        rd_kafka_vu_s(vtype: RD_KAFKA_VTYPE_TOPIC, u: .init(cstr: topic)),
        rd_kafka_vu_s(vtype: RD_KAFKA_VTYPE_KEY, u: .init(mem: key)),
        rd_kafka_vu_s(vtype: RD_KAFKA_VTYPE_VALUE, u: .init(mem: value)),
        rd_kafka_vu_s(vtype: RD_KAFKA_VTYPE_HEADERS, u: .init(headers: headers)),
        rd_kafka_vu_s(vtype: RD_KAFKA_VTYPE_OPAQUE, u: .init(ptr: UnsafeMutableRawPointer(bitPattern: token))),
        rd_kafka_vu_s(vtype: RD_KAFKA_VTYPE_MSGFLAGS, u: .init(i: RD_KAFKA_MSG_F_COPY)),
      ]
      guard let error = unsafe rd_kafka_produceva(producer, parts, parts.count) else {
        return RD_KAFKA_RESP_ERR_NO_ERROR
      }
      defer { unsafe rd_kafka_error_destroy(error) }
      return unsafe rd_kafka_error_code(error)
    }

    /// Takes what is reported, until it is closed and every record is accounted for.
    private func serve(_ onNews: (News) -> Void) {
      let queue = unsafe OpaquePointer(bitPattern: queue)
      var end: DispatchTime?
      while true {
        let phase = phase.withLock { $0 }
        var pause: Int32 = -1
        if case .leaving(let unsent, let sent) = phase {
          pause = 50
          // Again and again: what gets no answer becomes unsent.
          if unsent <= .now() { unsafe rd_kafka_purge(producer, RD_KAFKA_PURGE_F_QUEUE) }
          if end == nil, sent <= .now() {
            unsafe rd_kafka_purge(producer, RD_KAFKA_PURGE_F_INFLIGHT)
            end = .now() + Self.longestPurge
          }
        }
        if let event = unsafe rd_kafka_queue_poll(queue, pause) {
          if let news = unsafe news(event) { onNews(news) }
          unsafe rd_kafka_event_destroy(event)
        } else if case .leaving = phase {
          let left = unsafe rd_kafka_outq_len(producer)
          if left == 0 || end.map({ $0 < .now() }) ?? false { break }
        }
      }
      unsafe rd_kafka_queue_destroy(queue)
      asking.withLock { isOpen in
        isOpen = false
        unsafe rd_kafka_destroy_flags(producer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
      }
      hasEnded.signal()
    }

    private static let longestPurge = DispatchTimeInterval.seconds(5)

    private func news(_ event: OpaquePointer) -> News? {
      switch unsafe rd_kafka_event_type(event) {
      case RD_KAFKA_EVENT_DR:
        var reports: [(token: UInt, code: rd_kafka_resp_err_t)] = []
        unsafe reports.reserveCapacity(rd_kafka_event_message_count(event))
        while let message = unsafe rd_kafka_event_message_next(event) {
          unsafe reports.append((UInt(bitPattern: message.pointee._private), message.pointee.err))
        }
        return .reports(reports)
      case RD_KAFKA_EVENT_ERROR:
        let code = unsafe rd_kafka_event_error(event)
        let text = unsafe String(cString: rd_kafka_event_error_string(event))
        return .trouble(code, text: text, isFatal: unsafe rd_kafka_event_error_is_fatal(event) != 0)
      default: return nil
      }
    }

    /// The name of a code, such as `NOT_LEADER_FOR_PARTITION`.
    static func name(_ code: rd_kafka_resp_err_t) -> String { unsafe String(cString: rd_kafka_err2name(code)) }

    /// Asks the brokers: for a topic, or only whether one of them answers.
    func ask(topic: String?, within milliseconds: Int32) -> rd_kafka_resp_err_t {
      asking.withLock { isOpen in
        guard isOpen else { return RD_KAFKA_RESP_ERR__DESTROY }
        let asked = unsafe topic.flatMap { unsafe rd_kafka_topic_new(producer, $0, nil) }
        defer { if let asked = unsafe asked { unsafe rd_kafka_topic_destroy(asked) } }
        var answer: UnsafePointer<rd_kafka_metadata>?
        let code = unsafe rd_kafka_metadata(producer, 0, asked, &answer, milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let answer = unsafe answer else { return code }
        defer { unsafe rd_kafka_metadata_destroy(answer) }
        guard topic != nil, unsafe answer.pointee.topic_cnt > 0 else { return RD_KAFKA_RESP_ERR_NO_ERROR }
        return unsafe answer.pointee.topics.pointee.err
      }
    }

    /// How long somebody who leaves waits for what it has handed over. An answer that does not come is given up by librdkafka after
    /// `socket.timeout.ms`.
    enum Leave {
      /// For nothing, and until the end.
      case atOnce
      /// For what is on the wire: after a fatal error nothing more is sent.
      case afterAnswers
      /// For everything, for a while.
      case afterAll
    }

    /// Takes nothing more; what it gives up is reported, then its thread ends. What is on the wire may still arrive.
    func close(_ leave: Leave = .atOnce) {
      let now = DispatchTime.now()
      let phase: Phase =
        switch leave {
        case .atOnce: .leaving(unsent: now, sent: now)
        case .afterAnswers: .leaving(unsent: now, sent: now + .seconds(90))
        case .afterAll: .leaving(unsent: now + .seconds(10), sent: now + .seconds(90))
        }
      let isFirst = self.phase.withLock { old in
        guard case .open = old else {
          // One that leaves slowly may be told to go at once.
          if case .atOnce = leave { old = phase }
          return false
        }
        old = phase
        // The queue goes with the thread.
        unsafe rd_kafka_queue_yield(OpaquePointer(bitPattern: queue))
        return true
      }
      if isFirst, case .atOnce = leave { _ = hasEnded.wait(timeout: .now() + .seconds(5)) }
    }
  }
#endif
