// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresWire
import Synchronization

/// Asks the catalogue on a thread of its own, so that heartbeats go on however long the server takes to answer.
final class Lookout: Sendable {
  private let catalogue: any TableCatalogue
  private let wakeup: Wakeup
  private let answer = Mutex<Result<TableFindings, Failure>?>(nil)

  init(_ catalogue: any TableCatalogue, _ wakeup: Wakeup) {
    self.catalogue = catalogue
    self.wakeup = wakeup
  }

  /// Asks, and waits for the answer.
  func ask(_ question: TableQuestion) throws(Failure) -> TableFindings { try catalogue.look(question) }

  /// Asks; the answer is there to be taken later.
  func start(_ question: TableQuestion) {
    if OwnThread.start({ self.look(question) }) != nil { look(question) }
  }

  private func look(_ question: TableQuestion) {
    let found: Result<TableFindings, Failure>
    do throws(Failure) { found = .success(try catalogue.look(question)) } catch { found = .failure(error) }
    answer.withLock { $0 = found }
    wakeup.signal()
  }

  /// The answer; nil while there is none.
  func take() -> Result<TableFindings, Failure>? { answer.withLock { $0.take() } }
}
