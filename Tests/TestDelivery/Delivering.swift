// SPDX-License-Identifier: Apache-2.0

package import Delivery
import Dispatch
package import PostgresWire
import Synchronization

extension Sink {
  /// Submits a batch and waits for its fate.
  package func deliver(_ batch: EventBatch) async throws(Failure) {
    let failure = await withCheckedContinuation { continuation in
      submit(batch) { continuation.resume(returning: $0) }
    }
    if let failure { throw failure }
  }
}

/// Letters in memory.
package final class MemoryLetters: DeadLetterStore {
  private let kept = Mutex<[DeadLetter]>([])

  package init() {}

  package var all: [DeadLetter] { kept.withLock { $0 } }

  package func append(_ letters: [DeadLetter]) throws(Failure) {
    kept.withLock { kept in
      for letter in letters where !kept.contains(where: { $0.identity == letter.identity }) { kept.append(letter) }
    }
  }

  /// Adds letters also where they are there already.
  package func append(again letters: [DeadLetter]) { kept.withLock { $0 += letters } }

  package func appendBehindOthers(_ letter: DeadLetter) throws(Failure) -> Parking {
    kept.withLock { kept in
      if kept.contains(where: { $0.identity == letter.identity }) { return .isThere }
      let others = kept.filter { $0.aggregate == letter.aggregate }
      guard others.contains(where: { $0.position < letter.position }) else { return others.isEmpty ? .free : .ahead }
      kept.append(letter)
      return .parked
    }
  }

  package func letters(
    matching query: LetterQuery, after mark: LetterMark?, limit: Int
  ) throws(Failure) -> LetterPage {
    let marked = all.enumerated().map { index, letter in
      var letter = letter
      letter.mark = LetterMark(letter.position, Int64(index))
      return letter
    }
    let rest = marked.filter { letter in
      query.matches(letter) && (mark.map { mark in letter.mark.map { $0 > mark } ?? false } ?? true)
    }.sorted { left, right in left.mark.flatMap { mark in right.mark.map { mark < $0 } } ?? false }
    return LetterPage(letters: Array(rest.prefix(limit)), next: rest.count > limit ? rest[limit - 1].mark : nil)
  }

  package func remove(_ letters: [DeadLetter]) throws(Failure) {
    kept.withLock { kept in kept.removeAll { kept in letters.contains { $0.identity == kept.identity } } }
  }
}

/// Does what waits on its thread where that holds up no task: there are only as many threads for tasks as processors.
package func elsewhere<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
  }
}
