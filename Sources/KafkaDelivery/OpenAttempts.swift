// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import CRdkafka
  import Delivery

  /// What became of an event in an attempt.
  enum Fate: Hashable, Sendable {
    case known(Attempt.Verdict)
    /// A broker refused it, and with it perhaps others that were in its batch.
    case refused(rd_kafka_resp_err_t)

    /// It was not tried, because one before it in its key was not stored.
    static let waits = Fate.known(
      .retry(.init("waits for an earlier event of its key", concernsReceiver: true, isLocal: true)))

    var verdict: Attempt.Verdict {
      switch self {
      case .known(let verdict): verdict
      case .refused(let code): KafkaVerdicts.verdict(code)
      }
    }
  }

  /// Attempts whose events' fates are not all known. What librdkafka reports of a record has its token.
  struct OpenAttempts {
    /// What became of events that were not simply stored, by their places.
    typealias Odd = [Int: Fate]

    private struct Pending {
      var isSettled: [Bool]
      var left: Int
      var odd: Odd = [:]
      let finish: @Sendable (Odd) -> Void

      mutating func note(_ index: Int, _ fate: Fate) {
        guard !isSettled[index] else { return }
        isSettled[index] = true
        left -= 1
        if fate != .known(.published) { odd[index] = fate }
      }
    }

    /// How many bits of a token say which event of an attempt it is.
    private static let indexBits: UInt = 24

    private var open: [UInt: Pending] = [:]
    private var next: UInt = 1

    var isEmpty: Bool { open.isEmpty }

    static func token(_ number: UInt, _ index: Int) -> UInt { number << indexBits | UInt(index) }

    static func parts(of token: UInt) -> (number: UInt, index: Int) {
      (token >> indexBits, Int(token & (1 << indexBits - 1)))
    }

    /// Begins an attempt of at least one event; its number.
    mutating func begin(_ count: Int, finish: @escaping @Sendable (Odd) -> Void) -> UInt {
      defer { next += 1 }
      open[next] = Pending(isSettled: Array(repeating: false, count: count), left: count, finish: finish)
      return next
    }

    /// Notes an event's fate; gives what to call, outside of locks, when it was the attempt's last.
    mutating func settle(_ number: UInt, _ index: Int, _ fate: Fate) -> (@Sendable () -> Void)? {
      guard let place = open.index(forKey: number) else { return nil }
      open.values[place].note(index, fate)
      guard open.values[place].left == 0 else { return nil }
      let pending = open.remove(at: place).value
      return { pending.finish(pending.odd) }
    }
  }
#endif
