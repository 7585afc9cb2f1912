// SPDX-License-Identifier: Apache-2.0

package import Files
import Glibc

extension Failure {
  /// What helps when a file cannot be opened.
  package static func advice(opening failure: SystemFailure) -> Wording {
    if let remedy = failure.remedy { return "\(remedy)" }
    return switch failure.number {
    case ENOENT: "make its directory first; where it is a link, what that points to"
    case EACCES, EPERM:
      """
      run this as the user who may, for a file of a service as the service does (tailrace-as NAME); or let the one who runs \
      this write the file and its directory
      """
    case EISDIR: "name a file in that directory"
    case ENOTDIR: "a part of the path is no directory; name another path"
    case ELOOP: "the path leads in a circle of links; name the file itself"
    case ENAMETOOLONG: "choose a shorter name"
    case EROFS: "nothing can be written to that file system; choose another"
    case EMFILE, ENFILE: "raise the limit of open files (ulimit -n, LimitNOFILE=)"
    case ENXIO: "it is a socket, or a pipe that nobody reads; name a file"
    case ENOSPC, EDQUOT: "make room"
    case EEXIST: "name a new file"
    default: "name another file"
    }
  }
}
