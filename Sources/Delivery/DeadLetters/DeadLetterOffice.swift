import Dispatch
import IntegrationEvents
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
  public init(_ store: any DeadLetterStore, parksKeys: Bool) throws(SinkError) {
    self.store = store
    self.parksKeys = parksKeys
    var keys: Set<String> = []
    if parksKeys {
      try store.forEachPage { (letters) throws(SinkError) in keys.formUnion(letters.map(\.key).filter { !$0.isEmpty }) }
    }
    parkedKeys = Mutex(keys)
  }

  /// Keeps letters, durably, or throws where the policy is to stop. Blocks.
  public func keep(_ letters: [DeadLetter]) throws(SinkError) {
    guard let store else {
      let letter = letters[0]
      throw SinkError(
        .refused,
        "event \(letter.id) at \(letter.position.sequence) cannot be delivered to \(letter.sink): \(letter.reason); "
          + "mend the receiver, or go on with --on-poison dead-letter")
    }
    try store.append(letters)
    if parksKeys { parkedKeys.withLock { $0.formUnion(letters.map(\.key).filter { !$0.isEmpty }) } }
  }

  /// Keeps letters without blocking the caller's thread.
  func accept(_ letters: [DeadLetter]) async throws(SinkError) {
    try await onQueue { () throws(SinkError) in try self.keep(letters) }
  }

  /// Keeps a letter if its key is parked; tells whether it is.
  func park(_ letter: DeadLetter) async throws(SinkError) -> Bool {
    guard let store, parkedKeys.withLock({ $0.contains(letter.key) }) else { return false }
    return try await onQueue { () throws(SinkError) in
      let isParked = try store.appendBehindKey(letter)
      if !isParked { self.parkedKeys.withLock { _ = $0.remove(letter.key) } }
      return isParked
    }
  }

  private func onQueue<Value: Sendable>(
    _ body: @escaping @Sendable () throws(SinkError) -> Value
  ) async throws(SinkError) -> Value {
    let result: Result<Value, SinkError> = await withCheckedContinuation { continuation in
      queue.async {
        do throws(SinkError) {
          continuation.resume(returning: .success(try body()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try result.get()
  }
}
