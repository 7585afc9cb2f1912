// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import Supervision

extension ServiceManager {
  /// The one that has started this process, if one has.
  static func ofProcess(_ log: Logger) -> ServiceManager? {
    ServiceManager(process: getpid(), environment: { Environment[$0] }) { log.warning("\(Flags.text($0))") }
  }
}
