// SPDX-License-Identifier: Apache-2.0

import Delivery
import Operations
import PostgresWire

/// Where dead letters go.
extension RelaySettings {
  /// Nil where none are kept.
  func lettersCheck(isCancelled: @escaping @Sendable () -> Bool) -> Check? {
    switch poison.deadLetters {
    case nil: nil
    case .file(let path): letters(in: path)
    case .table(let table): letters(in: table, isCancelled)
    case .topic(let topic): letters("topic", topic) { () throws(Failure) in try sink.letters(in: topic, isCancelled) }
    case .queue(let queue):
      letters("queue", queue) { () throws(Failure) in try sink.letters(inQueue: queue, isCancelled) }
    case .subject(let subject):
      letters("stream for the subject", subject) { () throws(Failure) in
        try sink.letters(ofSubject: subject, isCancelled)
      }
    case .stream(let stream):
      letters("stream", stream) { () throws(Failure) in try sink.letters(inStream: stream, isCancelled) }
    }
  }

  private func letters(
    _ kind: String, _ name: String, _ store: () throws(Failure) -> any DeadLetterStore
  ) -> Check {
    do throws(Failure) { try store().check() } catch {
      return Check(.deadLetters, error, means: "what cannot be delivered holds up what comes behind it")
    }
    return Check(.deadLetters, .ok, "there is a \(kind) \(name)", means: "what cannot be delivered is kept there")
  }

  private func letters(in path: String) -> Check {
    do throws(Failure) {
      let isThere = try DeadLetterFile(path: path).inspect()
      return Check(
        .deadLetters, .ok, isThere ? "\(path) takes letters" : "there is no \(path) yet, and it can be made",
        means: "what cannot be delivered is kept there")
    } catch {
      return Check(
        .deadLetters, .failure, error.what, means: "a stream ends at its start, or where it has a letter to keep",
        todo: [error.advice ?? "make its directory, writable for the relay, or name another place"])
    }
  }

  private func letters(in table: TableName, _ isCancelled: @escaping @Sendable () -> Bool) -> Check {
    let store = DeadLetterTable(table, database: source.database, isCancelled: isCancelled)
    do throws(Failure) { try store.check() } catch {
      guard !error.isRetryable else {
        return Check(
          .deadLetters, .unknown, error.what, means: "whether letters can be kept there is not known",
          todo: [error.advice].compactMap(\.self))
      }
      return Check(.deadLetters, error, means: "a stream ends at its start")
    }
    do throws(Failure) { try store.checkRemoval() } catch {
      let statements = error.advice?.statements ?? []
      return Check(
        .deadLetters, .warning, "\(table) takes letters, and none can be taken out: \(error.what)",
        means: "letters are kept, and cannot be redriven by this role", mend: statements,
        todo: statements.isEmpty ? [error.advice].compactMap(\.self) : [])
    }
    return Check(.deadLetters, .ok, "\(table) takes letters", means: "what cannot be delivered is kept there")
  }
}
