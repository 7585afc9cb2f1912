import Dispatch
import IntegrationEvents
public import PostgresWire
import Synchronization

/// What happens to an event that cannot be delivered: by default everything stops; with a store, it becomes a dead letter.
public final class DeadLetterOffice: Sendable {
  /// Whether later events of a key follow the one that was parked.
  public let parksKeys: Bool
  /// Where letters are kept; nil to stop instead.
  public let store: (any DeadLetterStore)?
  /// Keys that have letters, as far as we know: only we add letters, while others may remove them.
  private let parkedKeys: Mutex<Set<String>>
  private let queue = DispatchQueue(label: "tailrace.dead-letters")

  /// Makes an office that stops on the first event that cannot be delivered.
  public init() {
    store = nil
    parksKeys = false
    parkedKeys = Mutex([])
  }

  /// Makes an office that keeps letters. Reads those that are there.
  public init(_ store: any DeadLetterStore, parksKeys: Bool) throws(Failure) {
    self.store = store
    self.parksKeys = parksKeys
    parkedKeys = Mutex([])
    try refresh()
  }

  /// Reads which keys have letters: another process may have kept some while it had the slot.
  package func refresh() throws(Failure) {
    guard parksKeys, let store else { return }
    var keys: Set<String> = []
    try store.forEachPage { (letters) throws(Failure) in keys.formUnion(letters.map(\.key).filter { !$0.isEmpty }) }
    // Our own letters are among them: they are durable before the key is parked.
    parkedKeys.withLock { $0.formUnion(keys) }
  }

  /// Keeps letters, durably, or throws where the policy is to stop. Blocks.
  public func keep(_ letters: [DeadLetter]) throws(Failure) {
    guard let store else {
      let letter = letters[0]
      throw Failure(
        .refused,
        "event \(letter.id) at \(letter.position.sequence) cannot be delivered to \(letter.sink): \(letter.reason)",
        advice: "mend the receiver, or go on with \(setting: "on-poison", "dead-letter")")
    }
    try store.append(letters)
    if parksKeys { parkedKeys.withLock { $0.formUnion(letters.map(\.key).filter { !$0.isEmpty }) } }
  }

  /// Keeps letters without blocking the caller's thread.
  func accept(_ letters: [DeadLetter]) async throws(Failure) {
    try await onQueue { () throws(Failure) in try self.keep(letters) }
  }

  /// Keeps a letter if its key is parked; tells whether it is.
  func park(_ letter: DeadLetter) async throws(Failure) -> Bool {
    guard let store, parkedKeys.withLock({ $0.contains(letter.key) }) else { return false }
    return try await onQueue { () throws(Failure) in
      let isParked = try store.appendBehindKey(letter)
      if !isParked { self.parkedKeys.withLock { _ = $0.remove(letter.key) } }
      return isParked
    }
  }

  private func onQueue<Value: Sendable>(
    _ body: @escaping @Sendable () throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
      queue.async {
        do throws(Failure) {
          continuation.resume(returning: .success(try body()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try result.get()
  }
}
