// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import Synchronization

/// A database that is a list of words: what is committed stays.
final class MemorySource: TransactionSource {
  struct Transaction: UnitTransaction {
    let words: Words

    mutating func write(_ word: String) { words.list.withLock { $0.append(word) } }

    mutating func savepoint<Result>(_ body: (inout Transaction) async throws -> Result) async throws -> Result {
      let before = words.list.withLock { $0 }
      do {
        return try await body(&self)
      } catch {
        words.list.withLock { $0 = before }
        throw error
      }
    }
  }

  final class Words: Sendable {
    let list = Mutex<[String]>([])
  }

  /// Somebody else was in the way.
  struct InTheWay: Error {}

  let committed = Mutex<[String]>([])
  let begun = Atomic(0)
  /// What the next commits throw.
  let commitErrors = Mutex<[any Error]>([])

  func transaction<Result>(_ body: (inout Transaction) async throws -> Result) async throws -> Result {
    begun.add(1, ordering: .relaxed)
    var transaction = Transaction(words: Words())
    let result = try await body(&transaction)
    if let error = commitErrors.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw error }
    let words = transaction.words.list.withLock { $0 }
    committed.withLock { $0 += words }
    return result
  }

  func mayBeRunAgain(after error: any Error) -> Bool { error is InTheWay }

  var words: [String] { committed.withLock { $0 } }
  var transactions: Int { begun.load(ordering: .relaxed) }
}

typealias Handlers = DomainEventHandlers<MemorySource.Transaction>

/// What handlers have noted, in order.
final class Notes: Sendable {
  private let list = Mutex<[String]>([])

  func add(_ word: String) { list.withLock { $0.append(word) } }
  var words: [String] { list.withLock { $0 } }
}

struct Placed: DomainEvent {
  let id: Int
}

struct Reserved: DomainEvent {
  let id: Int
}

struct Billed: DomainEvent {
  let id: Int
}

struct Refusal: Error, Equatable {}
