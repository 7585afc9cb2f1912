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
      .cannotCreate, "cannot open \(path) for writing: \(failure.text)", advice: Self.advice(opening: failure.number))
  }

  /// What helps when a file cannot be opened.
  package static func advice(opening number: Int32) -> Wording {
    switch number {
    case ENOENT: "make its directory first; where it is a link, what that points to"
    case EACCES, EPERM: "let the user that runs this write the file and its directory"
    case EISDIR: "name a file in that directory"
    case ENOTDIR: "a part of the path is no directory; name another path"
    case ELOOP: "the path leads in a circle of links; name the file itself"
    case ENAMETOOLONG: "choose a shorter name"
    case EROFS: "nothing can be written to that file system; choose another"
    case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
    case ENXIO: "it is a socket, or a pipe that nobody reads; name a file"
    case ENOSPC, EDQUOT: "make room"
    case EEXIST: "name a new file"
    default: "name another file"
    }
  }

  /// What open batches are told when their sink is closed.
  public static let closed = Failure(.closed, "the sink was closed")
}
