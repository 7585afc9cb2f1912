// SPDX-License-Identifier: Apache-2.0

package import Files
import Glibc
public import PostgresWire

extension Failure {
  /// Writing to an open output failed.
  package init(writing name: String, _ failure: SystemFailure) {
    switch failure.number {
    case EPIPE: self.init(.readerGone, "the reader of \(name) has gone")
    case ENOSPC, EDQUOT:
      self.init(
        .writeFailed, "cannot write to \(name): \(failure.text)", advice: "make room and start again, nothing is lost")
    case EFBIG:
      self.init(
        .writeFailed, "cannot write to \(name): \(failure.text)",
        advice: "raise the limit or rotate with \(setting: "rotate-size")")
    default: self.init(.writeFailed, "cannot write to \(name): \(failure.text)")
    }
  }

  /// Opening an output failed.
  package init(opening path: String, _ failure: SystemFailure) {
    // Then it is not the name or who may open it.
    if [EIO, ENOSPC, EDQUOT].contains(failure.number) {
      self.init(writing: path, failure)
      return
    }
    self.init(
      .cannotCreate, "cannot open \(path) for writing: \(failure.text)", advice: Self.advice(opening: failure))
  }

  /// What open batches are told when their sink is closed.
  public static let closed = Failure(.closed, "the sink was closed")
}
