import Delivery
import Files
import PgOutput
import PostgresWire

/// Transactions that are not committed yet: in progress, or prepared and undecided.
struct OpenTransactions {
  private let configuration: SpoolConfiguration
  /// By their top-level identifier.
  private var spooled: [TransactionID: SpooledTransaction] = [:]
  /// The one whose rows come now: of a streamed block, or one that is being prepared.
  private(set) var current: (id: TransactionID, spool: SpooledTransaction)?
  /// How much memory the others take.
  private var memoryOfOthers = 0

  init(_ configuration: SpoolConfiguration) {
    self.configuration = configuration
  }

  /// The rows that follow are a transaction's; false when they are not its first and nobody knows those.
  mutating func open(_ id: TransactionID, anew: Bool) -> Bool {
    guard let spool = anew ? SpooledTransaction() : spooled[id] else { return false }
    spooled[id] = spool
    current = (id, spool)
    countOthers()
    return true
  }

  /// Whether a transaction has begun.
  func knows(_ id: TransactionID) -> Bool { spooled[id] != nil }

  /// No transaction's rows follow.
  mutating func close() { current = nil }

  /// A transaction, or one of its subtransactions, was rolled back; false when nobody knows what that takes back.
  mutating func abort(_ id: TransactionID, _ subtransaction: TransactionID) -> Bool {
    if id == subtransaction {
      spooled[id] = nil
    } else if let spool = spooled[id] {
      if spool.hasMessages { return false }
      spool.abort(subtransaction)
    }
    return true
  }

  /// Takes out a transaction that is decided; nil when it is not known.
  mutating func remove(_ id: TransactionID) -> SpooledTransaction? {
    spooled.removeValue(forKey: id)
  }

  /// Forgets all: they will come again.
  mutating func removeAll() {
    spooled = [:]
    current = nil
  }

  /// After a row: keeps to the memory there is, by moving the largest transactions to files.
  mutating func bound() throws(Failure) {
    guard let current, memoryOfOthers + current.spool.tail.count > configuration.memory else { return }
    while memoryOfOthers + current.spool.tail.count > configuration.memory,
      let largest = spooled.values.max(by: { $0.tail.count < $1.tail.count }), !largest.tail.isEmpty
    {
      do { try largest.spill(to: configuration.directory) } catch {
        throw Failure(
          .spool, "spool of transactions in progress: cannot write to \(configuration.directory): \(error.text)",
          advice: "make room, or choose another place or more memory")
      }
      countOthers()
    }
  }

  private mutating func countOthers() {
    let all = spooled.values.reduce(0) { $0 + $1.tail.count }
    memoryOfOthers = all - (current?.spool.tail.count ?? 0)
  }
}
