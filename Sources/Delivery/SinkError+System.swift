package import Files
import Glibc

extension SinkError {
  /// An error of writing to an open output.
  package init(writing name: String, _ failure: SystemFailure) {
    switch failure.number {
    case EPIPE: self.init(.readerGone, "the reader of \(name) has gone")
    case ENOSPC, EDQUOT:
      self.init(.writeFailed, "cannot write to \(name): \(failure.text); make room and start again, nothing is lost")
    case EFBIG:
      self.init(.writeFailed, "cannot write to \(name): \(failure.text); raise the limit or rotate with --rotate-size")
    default: self.init(.writeFailed, "cannot write to \(name): \(failure.text)")
    }
  }

  /// An error of opening an output.
  package init(opening path: String, _ failure: SystemFailure) {
    self.init(
      .cannotCreate, "cannot open \(path) for writing: \(failure.text); check the directory and its permissions")
  }
}
