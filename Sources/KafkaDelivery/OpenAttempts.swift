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
    static let waits = Fate.known(.retry(.init("waits for an earlier event of its key", concernsReceiver: true)))

    var verdict: Attempt.Verdict {
      switch self {
      case .known(let verdict): verdict
      case .refused(let code): KafkaVerdicts.verdict(code)
      }
    }
  }

  /// Attempts whose events' fates are not all known. What librdkafka reports of a record has its token.
  struct OpenAttempts {
    private struct Pending {
      var fates: [Fate?]
      var left: Int
      let finish: @Sendable ([Fate]) -> Void
    }

    /// How many bits of a token say which event of an attempt it is.
    private static let indexBits: UInt = 24

    private var open: [UInt: Pending] = [:]
    private var next: UInt = 1

    static func token(_ number: UInt, _ index: Int) -> UInt { number << indexBits | UInt(index) }

    static func parts(of token: UInt) -> (number: UInt, index: Int) {
      (token >> indexBits, Int(token & (1 << indexBits - 1)))
    }

    /// Begins an attempt of at least one event; its number.
    mutating func begin(_ count: Int, finish: @escaping @Sendable ([Fate]) -> Void) -> UInt {
      defer { next += 1 }
      open[next] = Pending(fates: Array(repeating: nil, count: count), left: count, finish: finish)
      return next
    }

    /// Notes an event's fate; gives what to call, outside of locks, when it was the attempt's last.
    mutating func settle(_ number: UInt, _ index: Int, _ fate: Fate) -> (@Sendable () -> Void)? {
      // Taken out, so that it is changed in place.
      guard var pending = open.removeValue(forKey: number) else { return nil }
      if pending.fates[index] == nil { pending.left -= 1 }
      pending.fates[index] = pending.fates[index] ?? fate
      guard pending.left == 0 else {
        open[number] = pending
        return nil
      }
      let (finish, fates) = (pending.finish, pending.fates.compactMap { $0 })
      return { finish(fates) }
    }
  }
#endif
