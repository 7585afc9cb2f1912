// SPDX-License-Identifier: Apache-2.0

package import IntegrationEvents
import Synchronization

/// Which events have become letters and are in batches that are not done yet: whoever cleans rows up after delivery leaves theirs.
struct LetterMemory {
  /// What lies before is of no interest.
  let begin: LetterMark
  var positions: Set<EventPosition> = []
}

extension DeadLetterOffice {
  /// To be called before `refresh`, by whoever will ask which events are letters.
  ///
  /// - Parameter position: what lies before it will not come again.
  package func rememberLetters(from position: EventPosition) {
    memory.withLock { $0 = LetterMemory(begin: LetterMark(position, .min)) }
  }

  /// Which of some events have become letters, or were some before; asked once, when their batch is done.
  package func takeLetters(among positions: some Sequence<EventPosition>) -> Set<EventPosition> {
    memory.withLock { memory in
      guard memory?.positions.isEmpty == false else { return [] }
      return Set(positions.filter { memory?.positions.remove($0) != nil })
    }
  }

  func remember(_ letters: [DeadLetter]) {
    memory.withLock { memory in
      guard let begin = memory?.begin.position else { return }
      for letter in letters where letter.position >= begin { memory?.positions.insert(letter.position) }
    }
  }
}
