package import Delivery
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

  package func append(_ letters: [DeadLetter]) throws(Failure) { kept.withLock { $0 += letters } }

  package func appendBehindKey(_ letter: DeadLetter) throws(Failure) -> Bool {
    kept.withLock { kept in
      guard kept.contains(where: { $0.key == letter.key }) else { return false }
      kept.append(letter)
      return true
    }
  }

  package func letters(
    matching query: LetterQuery, after mark: LetterMark?, limit: Int
  ) throws(Failure) -> LetterPage {
    let start = Int(mark?.value ?? 0)
    var page = LetterPage(letters: [], next: nil)
    for (index, letter) in all.enumerated().dropFirst(start) where query.matches(letter) {
      page.letters.append(letter)
      if page.letters.count == limit {
        page.next = LetterMark(Int64(index + 1))
        break
      }
    }
    return page
  }

  package func remove(_ letters: [DeadLetter]) throws(Failure) {
    kept.withLock { kept in kept.removeAll { kept in letters.contains { $0.isAbout(kept) } } }
  }
}
